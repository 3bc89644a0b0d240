import { BrokerError } from '@switchyard/contract/broker-error'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'

/**
 * Refuses options that are part of the contract but have no machinery yet: better a clear no than a wish that is ignored.
 * Values that ask for what happens anyway (`strategy: ordered`) pass.
 */
export function refuseLaterOptions(options: SwitchyardOptions): void {
  const asked =
    (options.task !== undefined && 'task') ||
    (options.strategy !== undefined && options.strategy !== 'ordered' && 'strategy') ||
    (options.max_cost_usd !== undefined && 'max_cost_usd') ||
    (options.max_ttft_ms !== undefined && 'max_ttft_ms')
  if (!asked) return
  const param = `switchyard.${asked}`
  throw new BrokerError('unsupported_parameter', `'${param}' is not supported yet; this server would ignore it.`, {
    param,
  })
}
