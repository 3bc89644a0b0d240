import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { followJob } from '../follow-job.ts'
import type { Ingress } from '../ingress.ts'
import { ownJob } from '../own-job.ts'
import { readCursor } from '../read-cursor.ts'

interface Params {
  job_id: string
}

/** `GET /v1/jobs/{id}/events`: the job's log from the event after `Last-Event-ID` or `starting_after` on. */
export async function getJobEvents(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { starting_after } = request.query as { starting_after?: unknown }
  const cursor = readCursor(request.headers['last-event-id'], starting_after)
  const principal = principalOf(request)
  const record = await ownJob(ingress, principal, (request.params as Params).job_id)
  return followJob(ingress, principal, record, cursor, reply)
}
