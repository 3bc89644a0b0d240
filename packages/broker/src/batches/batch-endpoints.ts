import { BrokerError } from '@switchyard/contract/broker-error'
import type { Dialect, JobSpec, Tier } from '@switchyard/contract/job'
import type { Fleet } from '../chat/plan-intake.ts'
import { type Payer, planJob } from '../chat/plan-job.ts'
import type { ChatIntake } from '../chat/read-chat-request.ts'
import { readRequest } from '../chat/read-request.ts'

/** The endpoints that a batch can be of, with the dialect of their bodies. */
export const BATCH_ENDPOINTS: Readonly<Record<string, Dialect>> = {
  '/v1/chat/completions': 'openai-chat',
  '/v1/responses': 'openai-responses',
}

/** A line's job to be. */
export interface LinePlanInput {
  id: string
  payer: Payer
  intake: ChatIntake
  bytes: number
  /** Whose lanes it is put in: the batch's own, or the interactive ones when time runs out. */
  tier: Tier
}

/** Checks a body as its endpoint does; throws what its sender would be told. */
export function readLineRequest(endpoint: string, body: Buffer): ChatIntake {
  const dialect = BATCH_ENDPOINTS[endpoint]
  if (!dialect) throw new BrokerError('invalid_value', `Batches of ${endpoint} are not served.`, { param: 'url' })
  const intake = readRequest(body, dialect)
  refuseOutsideBatches(intake)
  return intake
}

/** Plans the job of a line as its endpoint does; throws what its sender would be told. */
export function planLineRequest(fleet: Fleet, { id, payer, intake, bytes, tier }: LinePlanInput): JobSpec {
  const { response, options } = intake
  return planJob(fleet, {
    id,
    payer,
    // What a line answers is kept in the batch's files, not as a response of its own.
    intake: { ...intake, options: { ...options, tier }, ...(response && { response: { ...response, store: false } }) },
    plain: false,
    webhook: undefined,
    bytes,
    traceparent: undefined,
  })
}

/** What asks for another way to deliver the answer than the batch's. */
function refuseOutsideBatches({ stream, response, options }: ChatIntake): void {
  const param =
    (stream && 'stream') ||
    (options.webhook !== undefined && 'switchyard.webhook') ||
    (options.cache === 'exact' && 'switchyard.cache') ||
    (response?.background && 'background') ||
    (response?.previousResponseId != null && 'previous_response_id')
  if (param) throw new BrokerError('unsupported_parameter', `'${param}' has no meaning in a batch.`, { param })
}
