import { submit } from '@switchyard/broker/submit'
import type { Interest } from '@switchyard/jobs/readers'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import type { AdmittedJob } from './chat/admit-chat.ts'
import { checkWait } from './check-wait.ts'
import type { Ingress } from './ingress.ts'
import { toBrokerError } from './to-broker-error.ts'

/** Stores the job and puts it in its lane, unless it is there, or would wait there past its deadline; `interest`: what this process wants to hear of it, null for nothing. */
export async function enqueue(
  ingress: Ingress,
  job: AdmittedJob,
  interest: Interest | null,
  options: { replayable?: boolean } = {},
): Promise<void> {
  const { spec, body, span } = job
  if (job.stored) return
  const enqueueing = startSpan(ingress.telemetry, SPAN.enqueue, {
    parent: span.traceparent,
    kind: 'producer',
    attributes: { [ATTR.jobId]: spec.id, [ATTR.lane]: spec.route.hops[0]?.lane },
  })
  try {
    await checkWait(ingress, spec)
    const reader = interest === null ? null : { id: ingress.live.id, interest }
    await submit(ingress.broker, { spec, body, reader }, options)
  } catch (error) {
    enqueueing.fail(toBrokerError(error).code)
    throw error
  } finally {
    enqueueing.end()
  }
}
