import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { followJob } from '../follow-job.ts'
import type { Ingress } from '../ingress.ts'
import { readCursor } from '../read-cursor.ts'
import { ownResponse } from '../responses/own-response.ts'
import { responseNow } from '../responses/response-now.ts'

/**
 * `GET /v1/responses/{id}`: the response as it is now, or its events from a place on (`stream=true`, `starting_after`), as long as it
 * is kept. `include` changes nothing: what was made is given whole.
 */
export async function getResponse(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { stream, starting_after } = request.query as { stream?: unknown; starting_after?: unknown }
  if (stream !== undefined && stream !== 'true' && stream !== 'false') {
    throw new BrokerError('invalid_value', "Invalid value for 'stream': expected 'true' or 'false'.", {
      param: 'stream',
    })
  }
  const principal = principalOf(request)
  const record = await ownResponse(ingress, principal, (request.params as { response_id: string }).response_id)
  if (stream === 'true') {
    if (!record.spec.stream) {
      throw new BrokerError(
        'invalid_value',
        'This response was not created with stream=true, so it has no events to stream.',
        {
          param: 'stream',
        },
      )
    }
    const cursor = readCursor(request.headers['last-event-id'], starting_after)
    return followJob(ingress, principal, record, cursor, reply)
  }
  return reply
    .headers({ 'content-type': 'application/json', 'x-request-id': record.spec.id })
    .send(await responseNow(ingress, record))
}
