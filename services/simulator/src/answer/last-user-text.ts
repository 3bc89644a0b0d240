import type { Prompt } from './prompt.ts'

/** The text of the newest user message that has any; what answers go by and what the ledger's `promptHash` is of. */
export function lastUserText(prompt: Prompt): string {
  return prompt.messages.findLast((message) => message.role === 'user' && message.text !== '')?.text ?? ''
}
