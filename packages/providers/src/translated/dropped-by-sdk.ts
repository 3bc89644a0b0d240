import type { SharedV4Warning } from '@ai-sdk/provider'

/** The SDK's names of what a model does not take, as our clients call it. A maximum that is cut to the model's own is none. */
const NAMES: Record<string, string> = {
  temperature: 'temperature',
  topP: 'top_p',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  stopSequences: 'stop',
  reasoning: 'reasoning_effort',
  responseFormat: 'response_format',
  toolChoice: 'tool_choice',
  strict: 'tools.strict',
}

/** Parameters that the SDK says it left out or changed, for this model. */
export function droppedBySdk(warnings: SharedV4Warning[]): string[] {
  return warnings.flatMap((warning) => {
    const name = warning.type === 'unsupported' ? NAMES[warning.feature] : undefined
    return name === undefined ? [] : [name]
  })
}
