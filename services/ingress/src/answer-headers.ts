import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import type { JobRecord } from '@switchyard/contract/job'
import { totalCostNanoUsd } from '@switchyard/contract/job-object'
import { usdDecimal } from '@switchyard/contract/usd'
import type { Headers } from './failure-headers.ts'

/** Which deployment answers; known once an attempt has begun. */
export interface Answering {
  deployment: string | null
  simulated: boolean
  dropped: readonly string[]
}

/** What a finished job tells beside its body. */
export interface Finished extends Answering {
  attempts: number
  /** null: unpriced, so nothing is said. */
  costNanoUsd: number | null
}

/** `x-request-id`, and who answers: `opus`, or `opus (simulator)`. */
export function answeringHeaders(jobId: string, answering: Answering | null): Headers {
  const headers: Headers = { 'x-request-id': jobId }
  if (answering?.deployment) {
    headers['x-switchyard-deployment'] = answering.simulated
      ? `${answering.deployment} (simulator)`
      : answering.deployment
  }
  if (answering && answering.dropped.length > 0) headers['x-switchyard-dropped'] = namesInHeader(answering.dropped)
  return headers
}

/** The same with what the whole job took; for answers that are not streamed. */
export function finishedHeaders(jobId: string, finished: Finished): Headers {
  const headers = answeringHeaders(jobId, finished)
  headers['x-switchyard-attempts'] = String(finished.attempts)
  if (finished.costNanoUsd !== null) headers['x-switchyard-cost-usd'] = usdDecimal(finished.costNanoUsd)
  return headers
}

/** From the record of an ended job, for those who ask for its result later. */
export function finishedOf(record: JobRecord): Finished {
  const answering = answeringAttempt(record.attempts)
  return {
    deployment: answering?.deployment ?? null,
    simulated: answering?.simulated ?? false,
    dropped: answering?.dropped ?? [],
    attempts: record.attempts.length,
    costNanoUsd: totalCostNanoUsd(record.attempts),
  }
}

const LONGEST_NAMES = 1_000

/** Parameter names are the caller's own text: what may not stand in a header is percent-encoded, and a list too long is cut. */
function namesInHeader(names: readonly string[]): string {
  let text = ''
  for (const name of names) {
    const encoded = name.replace(/[^!-+\--~]/gu, (character) => encodeURIComponent(character))
    if (text.length + encoded.length > LONGEST_NAMES) return `${text},...`
    text += text === '' ? encoded : `,${encoded}`
  }
  return text
}
