import type { SpanHandle } from '@switchyard/telemetry/spans'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { type AdmittedJob, admit } from '../chat/admit-chat.ts'
import type { Ingress } from '../ingress.ts'
import { withHistory } from './with-history.ts'

/** Reads, checks and plans a Responses request, with its history where it names one. Throws the error that its sender is to see. */
export function admitResponse(ingress: Ingress, request: FastifyRequest, span: SpanHandle): Promise<AdmittedJob> {
  return admit(ingress, request, span, async (given) => {
    const read = await ingress.intake.read(given, 'openai-responses')
    const previous = read.intake.response?.previousResponseId ?? null
    if (previous === null) return read
    const whole = await withHistory(ingress, principalOf(request), read.bytes, previous)
    return ingress.intake.read(whole, 'openai-responses')
  })
}
