import { BrokerError } from '@switchyard/contract/broker-error'
import type { DeploymentLimits } from './limit-config.ts'

/** The limits that are counted over a time (`inFlight` is not), in the order in which the scripts number them. */
export const DIMENSIONS = ['rpm', 'tpm', 'itpm', 'otpm', 'rpd'] as const

export type Dimension = (typeof DIMENSIONS)[number]

/** The limit of each dimension as the scripts take them, 0 for one that is unlimited. Throws `invalid_value`. */
export function limitArgs(limits: DeploymentLimits): number[] {
  return DIMENSIONS.map((dimension) => limitArg(limits[dimension]))
}

export function limitArg(limit: number | undefined): number {
  if (limit === undefined) return 0
  if (!(limit >= 1)) throw new BrokerError('invalid_value', 'A limit is a positive whole number', { param: 'limits' })
  return Math.floor(limit)
}

/** An amount as the scripts take it: whole, and never less than nothing. */
export function whole(amount: number): number {
  return Number.isFinite(amount) ? Math.max(0, Math.ceil(amount)) : 0
}
