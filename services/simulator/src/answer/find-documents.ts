import type { Prompt } from './prompt.ts'

const MOST_DOCUMENTS = 16
/** An earlier turn is worth looking at as a document only from this length on. */
const LONG = 400

/**
 * The documents that a prompt is about: tagged ones, fenced ones, or what follows a short first paragraph in the last user
 * text; when that is only an instruction, the newest long text before it. Falls back to the last user text itself.
 */
export function findDocuments(prompt: Prompt, lastUserText: string): string[] {
  const marked = markedDocuments(lastUserText)
  if (marked.length > 0) return marked
  const rest = afterInstruction(lastUserText)
  if (rest !== null) return [rest]
  if (lastUserText.length < LONG) {
    for (let i = prompt.messages.length - 1; i >= 0; i--) {
      const message = prompt.messages[i]!
      if (message.role === 'assistant' || message.role === 'tool' || message.text === lastUserText) continue
      const earlier = markedDocuments(message.text)
      if (earlier.length > 0) return earlier
      if (message.text.length >= LONG) return [afterInstruction(message.text) ?? message.text]
    }
  }
  return [lastUserText]
}

function markedDocuments(text: string): string[] {
  const found: string[] = []
  for (const match of text.matchAll(/<(document|doc|file|article|text)\b[^>]*>([\s\S]*?)<\/\1>/gi))
    found.push(match[2]!)
  if (found.length === 0)
    for (const match of text.matchAll(/(?:^|\n)(```|"""|~~~)[^\n]*\n([\s\S]*?)\n\1/g)) found.push(match[2]!)
  return found
    .map((document) => document.trim())
    .filter((document) => document !== '')
    .slice(0, MOST_DOCUMENTS)
}

function afterInstruction(text: string): string | null {
  const end = text.search(/\n\s*\n/)
  if (end <= 0 || end > LONG || text.trimStart().startsWith('#')) return null
  const rest = text.slice(end).trim()
  return rest === '' ? null : rest
}
