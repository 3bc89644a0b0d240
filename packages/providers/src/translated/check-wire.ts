import { BrokerError } from '@switchyard/contract/broker-error'
import type { DecodedRequest } from './decode-request.ts'

/** The SDK writes the body with `JSON.stringify`: inside its strings every quote is escaped, so this can only be the member. */
const AUTO = '"tool_choice":{"type":"auto"'

/**
 * A last look at what the SDK made of the request. Some Claude models, and all that think by a budget, take no forced tool
 * choice; the SDK then asks for `auto` and only warns. Whoever wrote `required` would get an answer without the call, so it is
 * refused before it is sent.
 */
export function checkWire(request: DecodedRequest, body: string): void {
  const choice = request.options.toolChoice?.type
  if ((choice === 'required' || choice === 'tool') && body.includes(AUTO)) {
    throw new BrokerError(
      'unsupported_parameter',
      "Unsupported parameter: 'tool_choice' cannot be honoured by this model as the request is.",
      { param: 'tool_choice' },
    )
  }
}
