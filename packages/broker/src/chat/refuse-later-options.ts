import { BrokerError } from '@switchyard/contract/broker-error'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'

/**
 * Refuses options that are part of the contract but have no machinery yet: better a clear no than a wish that is ignored.
 * Values that ask for what happens anyway (`prompt_cache: off`) pass.
 */
export function refuseLaterOptions(options: SwitchyardOptions): void {
  if (options.prompt_cache !== 'auto') return
  const param = 'switchyard.prompt_cache'
  throw new BrokerError('unsupported_parameter', `'${param}' is not supported yet; this server would ignore it.`, {
    param,
  })
}
