import { BrokerError } from '@switchyard/contract/broker-error'
import type { JobSpec, Tier } from '@switchyard/contract/job'
import { type Fleet, planChatJob } from '../chat/plan-chat-job.ts'
import { readChatRequest } from '../chat/read-chat-request.ts'

/** A line's job to be. */
export interface LinePlanInput {
  id: string
  payer: { project: string; apiKey: string }
  body: Buffer
  /** Whose lanes it is put in: the batch's own, or the interactive ones when time runs out. */
  tier: Tier
}

/** Checks a body and plans its job as the endpoint itself does; throws what its sender would be told. */
type PlanLine = (fleet: Fleet, line: LinePlanInput) => JobSpec

/** The endpoints that a batch can be of. */
export const BATCH_ENDPOINTS: Readonly<Record<string, PlanLine>> = {
  '/v1/chat/completions': (fleet, { id, payer, body, tier }) => {
    const intake = readChatRequest(body)
    if (intake.stream) {
      throw new BrokerError('unsupported_parameter', "'stream' has no meaning in a batch.", { param: 'stream' })
    }
    return planChatJob(fleet, {
      id,
      payer,
      intake: { ...intake, options: { ...intake.options, tier } },
      plain: false,
      bytes: body.length,
      traceparent: undefined,
    })
  },
}
