import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { type SpanHandle, startSpan } from '@switchyard/telemetry/spans'
import { parseTraceparent } from '@switchyard/telemetry/traceparent'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Ingress } from './ingress.ts'

/** The span of a POST that becomes a job; ends with the answer. */
export function startRequestSpan(
  ingress: Ingress,
  request: FastifyRequest,
  { raw }: FastifyReply,
  route: string,
): SpanHandle {
  const span = startSpan(ingress.telemetry, SPAN.request('POST', route), {
    parent: parseTraceparent(request.headers.traceparent),
    kind: 'server',
    attributes: { [ATTR.httpMethod]: 'POST', [ATTR.httpRoute]: route },
  })
  if (span.recording) {
    raw.once('close', () => {
      span.set({ [ATTR.httpStatus]: raw.statusCode })
      span.end()
    })
  }
  return span
}
