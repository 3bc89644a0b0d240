import { planJob } from '@switchyard/broker/chat/plan-job'
import type { SpokenDialect } from '@switchyard/broker/chat/read-request'
import { sightPrompt } from '@switchyard/broker/prompt-cache/prompt-caching'
import { BrokerError } from '@switchyard/contract/broker-error'
import { newJobId } from '@switchyard/contract/ids'
import type { JobRecord, JobSpec } from '@switchyard/contract/job'
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
  /** With `cache: exact`: what makes another request the same (`answerDigest`). */
  digest: string | null
  /** Where another request's call answers: how, and whose answer this one is. */
  cached: { how: 'hit' | 'shared'; id: string; apiKey: string; tags: Record<string, string> } | null
}

/** What a body asks, and its bytes. */
type ReadBody = Intake['read'] extends (bytes: Buffer, dialect: SpokenDialect) => infer Read
  ? (bytes: Buffer) => Read
  : never

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
    if (asked !== undefined && intake.digest !== undefined) {
      // The call that answers may be another request's, and tells whom that one named.
      throw new BrokerError('invalid_value', "'switchyard.cache' and 'switchyard.webhook' can not be combined.", {
        param: 'switchyard.cache',
      })
    }
    const webhook = asked === undefined ? undefined : await readJobWebhook(ingress, principal, asked)
    sightPrompt(ingress.caching, principal.project, intake)
    const spec = planJob(ingress.fleet(), {
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
    return {
      spec,
      body: bytes,
      preference,
      span,
      stored: null,
      headers: {},
      digest: intake.digest ?? null,
      cached: null,
    }
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
