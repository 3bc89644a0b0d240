import type { SpanHandle } from '@switchyard/telemetry/spans'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { type AdmittedJob, admit } from '../chat/admit-chat.ts'
import type { Ingress } from '../ingress.ts'
import { readWithHistory } from './read-with-history.ts'

/** Reads, checks and plans a Responses request, with its history where it names one. Throws the error that its sender is to see. */
export function admitResponse(ingress: Ingress, request: FastifyRequest, span: SpanHandle): Promise<AdmittedJob> {
  return admit(ingress, request, span, (given) =>
    readWithHistory(ingress, principalOf(request), given, 'openai-responses'),
  )
}
