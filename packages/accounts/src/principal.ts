import { BrokerError } from '@switchyard/contract/broker-error'

/** Who asks: the project that pays and its weight in lanes, the id of the key (never the key), and what it may do. */
export interface Principal {
  project: string
  weight: number
  apiKey: string
  scopes: readonly string[]
}

/** The scope of a key that may do everything. */
export const ALL_SCOPES = '*'

/** Throws `insufficient_scope` unless the caller's key may do this. */
export function requireScope(principal: Principal, scope: string): void {
  if (principal.scopes.includes(scope) || principal.scopes.includes(ALL_SCOPES)) return
  throw new BrokerError('insufficient_scope', `This API key lacks the scope ${scope}.`)
}
