import { hash } from 'node:crypto'
import { IMAGE_TOKENS, tokensOfLength } from './count-tokens.ts'
import { lastUserText } from './last-user-text.ts'
import type { Prompt, PromptMessage } from './prompt.ts'

/** Tokens of a prompt: all its texts, tools, schema and tool traffic by characters, and 256 for each picture. */
export function promptTokens(prompt: Prompt): number {
  let characters = prompt.overheadCharacters
  let images = 0
  for (const message of prompt.messages) {
    characters += charactersOf(message)
    images += message.images.length
  }
  return tokensOfLength(characters) + images * IMAGE_TOKENS
}

function charactersOf(message: PromptMessage): number {
  let characters = message.text.length
  for (const call of message.toolCalls) characters += call.name.length + call.argumentsJson.length
  for (const result of message.toolResults) characters += result.text.length
  return characters
}

/** The first 16 hex digits of the SHA-256 of the last user text: what a test can work out for itself and compare. */
export function promptHash(prompt: Prompt): string {
  return hash('sha256', lastUserText(prompt), 'hex').slice(0, 16)
}
