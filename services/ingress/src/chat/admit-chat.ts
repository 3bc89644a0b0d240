import { planJob } from '@switchyard/broker/chat/plan-job'
import { BrokerError } from '@switchyard/contract/broker-error'
import { newJobId } from '@switchyard/contract/ids'
import type { Dialect, JobRecord, JobSpec } from '@switchyard/contract/job'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { type SpanHandle, startSpan } from '@switchyard/telemetry/spans'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Headers } from '../failure-headers.ts'
import type { Ingress } from '../ingress.ts'
import { type Preference, readPrefer } from '../prefer.ts'
import { toBrokerError } from '../to-broker-error.ts'
import { readJobWebhook } from '../webhooks/read-job-webhook.ts'
import type { Intake } from './start-intake.ts'

/** A request that may become a job: planned, not stored yet. */
export interface AdmittedJob {
  spec: JobSpec
  /** The request as the client sent it. */
  body: Buffer
  preference: Preference
  span: SpanHandle
  /** Its record where it is stored already and others may share it: it is attached to, not created. */
  stored: JobRecord | null
  /** Of the answer, whatever it is. */
  headers: Headers
}

/** What a body asks, and its bytes. */
type ReadBody = Intake['read'] extends (bytes: Buffer, dialect: Dialect) => infer Read ? (bytes: Buffer) => Read : never

/** Reads, checks and plans a chat request. Throws the error that its sender is to see. */
export function admitChat(ingress: Ingress, request: FastifyRequest, span: SpanHandle): Promise<AdmittedJob> {
  return admit(ingress, request, span, (body) => ingress.intake.read(body, 'openai-chat'))
}

/** The same for any dialect that `read` reads. */
export async function admit(
  ingress: Ingress,
  request: FastifyRequest,
  span: SpanHandle,
  read: ReadBody,
): Promise<AdmittedJob> {
  const admission = startSpan(ingress.telemetry, SPAN.admission, { parent: span.traceparent })
  try {
    const principal = principalOf(request)
    const { headers } = request
    const preference = readPrefer(headers.prefer)
    ingress.memory.check()
    const given = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const reading = read(given)
    const { intake, bytes } = reading instanceof Promise ? await reading : reading
    refuseWaitedStream(preference, intake.stream)
    const asked = intake.options.webhook
    const webhook = asked === undefined ? undefined : await readJobWebhook(ingress, principal, asked)
    const fleet = { catalog: ingress.catalog().current, available: ingress.available() }
    const spec = planJob(fleet, {
      id: newJobId(),
      payer: principal,
      intake,
      plain: preference.kind === 'none',
      webhook,
      bytes: bytes.length,
      traceparent: span.traceparent,
    })
    if (span.recording) {
      span.set({
        [ATTR.jobId]: spec.id,
        [ATTR.project]: spec.project,
        [ATTR.model]: spec.model,
        [ATTR.lane]: spec.route.hops[0]?.lane,
      })
    }
    return { spec, body: bytes, preference, span, stored: null, headers: {} }
  } catch (error) {
    admission.fail(toBrokerError(error).code)
    throw error
  } finally {
    admission.end()
  }
}

/** A stream has no end to wait for. */
export function refuseWaitedStream(preference: Preference, stream: boolean): void {
  if (!stream || preference.kind !== 'wait') return
  throw new BrokerError('invalid_prefer', 'Prefer: wait and stream can not be combined.', { param: 'Prefer' })
}
