import type OpenAI from 'openai'

/** A batch as Switchyard gives it: OpenAI's, with what is known while it runs beside it. */
export type Batch = OpenAI.Batch & {
  switchyard?: {
    eta_seconds: number | null
    /** null where a line has no price. */
    cost_usd: number | null
    rate_per_second: number | null
    paused: boolean
  }
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'expired'])

export function hasEnded({ status }: Batch): boolean {
  return ENDED.has(status)
}
