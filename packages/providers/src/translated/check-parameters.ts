import { BrokerError } from '@switchyard/contract/broker-error'
import type { ProviderKind } from '../provider-kind.ts'
import {
  ALWAYS_TRANSLATED,
  INFORMATIONAL_PARAMETERS,
  isDefaultValue,
  TRANSLATED_PARAMETERS,
  UNSUPPORTED_PARAMETERS,
} from '../unsupported-parameters.ts'

/**
 * The last gate before a translation: everything the request asks for is translated, or changes nothing in the answer, or is
 * refused by name. Answers the names that are left out and should be reported.
 */
export function checkParameters(kind: Exclude<ProviderKind, 'openai'>, request: Record<string, unknown>): string[] {
  const dropped: string[] = []
  for (const [parameter, value] of Object.entries(request)) {
    if (ALWAYS_TRANSLATED.includes(parameter) || TRANSLATED_PARAMETERS[kind].includes(parameter)) continue
    if (isDefaultValue(parameter, value)) continue
    if (!INFORMATIONAL_PARAMETERS.includes(parameter)) throw refusal(kind, parameter)
    dropped.push(parameter)
  }
  return dropped
}

function refusal(kind: ProviderKind, param: string): BrokerError {
  return UNSUPPORTED_PARAMETERS[kind].includes(param)
    ? new BrokerError(
        'unsupported_parameter',
        `Unsupported parameter: '${param}' cannot be honoured by this deployment.`,
        { param },
      )
    : new BrokerError('unknown_parameter', `Unknown parameter: '${param}' cannot be translated for this deployment.`, {
        param,
      })
}
