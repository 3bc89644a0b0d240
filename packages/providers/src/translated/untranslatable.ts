import { UnsupportedFunctionalityError } from '@ai-sdk/provider'
import { BrokerError } from '@switchyard/contract/broker-error'

/**
 * What the SDK threw before it made the call: this request cannot be said in the other dialect, or is not what its types
 * promise (a schema that is a number). Its sentences are not kept where they could quote the request.
 */
export function untranslatable(thrown: unknown): BrokerError {
  if (BrokerError.is(thrown)) return thrown
  return UnsupportedFunctionalityError.isInstance(thrown)
    ? new BrokerError('unsupported_parameter', `This deployment does not support: ${thrown.functionality}.`, {
        cause: thrown,
      })
    : new BrokerError('invalid_value', 'This request cannot be translated for this deployment.', { cause: thrown })
}
