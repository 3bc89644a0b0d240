import { requestProblem } from '@switchyard/broker/chat/request-problem'
import { readJson } from '@switchyard/contract/json/read-json'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'

/** The body of a small request, checked. One that is absent counts as `{}`. Throws the error that its sender is to see. */
export function readJsonBody<Schema extends z.ZodType>(request: FastifyRequest, schema: Schema): z.infer<Schema> {
  const isAbsent = !Buffer.isBuffer(request.body) || request.body.length === 0
  const body = isAbsent ? {} : readJson(request.body as Buffer)
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw requestProblem(parsed.error, body)
  return parsed.data
}
