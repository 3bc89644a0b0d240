import { BrokerError } from '@switchyard/contract/broker-error'
import type { DeploymentLimits } from './limit-config.ts'

/** What one call takes from the windows. */
export interface Amounts {
  requests: number
  inputTokens: number
  outputTokens: number
}

const AMOUNT_OF = {
  rpm: ({ requests }: Amounts) => requests,
  tpm: ({ inputTokens, outputTokens }: Amounts) => inputTokens + outputTokens,
  itpm: ({ inputTokens }: Amounts) => inputTokens,
  otpm: ({ outputTokens }: Amounts) => outputTokens,
  rpd: ({ requests }: Amounts) => requests,
}

/** A limit that is counted over a time; `inFlight` is not. */
export type Dimension = keyof typeof AMOUNT_OF

export const DIMENSIONS = Object.keys(AMOUNT_OF) as Dimension[]

/** What the scripts call them; f is a place in flight. */
const CODES = { rpm: 'r', tpm: 't', itpm: 'i', otpm: 'o', rpd: 'd' } as const

/** The dimensions that are limited, as the scripts take them: code, limit, amount of each. */
export function dimensionArgs(limits: DeploymentLimits, amounts: Amounts): (string | number)[] {
  return DIMENSIONS.flatMap((dimension) => {
    const limit = limits[dimension]
    return limit === undefined ? [] : [CODES[dimension], positive(limit), whole(AMOUNT_OF[dimension](amounts))]
  })
}

export function positive(limit: number): number {
  if (!(limit >= 1)) throw new BrokerError('invalid_value', 'A limit is a positive whole number', { param: 'limits' })
  return Math.floor(limit)
}

function whole(amount: number): number {
  return Number.isFinite(amount) ? Math.max(0, Math.ceil(amount)) : 0
}
