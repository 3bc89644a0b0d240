import type { AnswerPart, ComposedAnswer } from './answer.ts'
import { chooseTools } from './choose-tools.ts'
import { countTokens } from './count-tokens.ts'
import { cutAnswer } from './cut-answer.ts'
import { describeImage } from './describe-image.ts'
import { findDocuments } from './find-documents.ts'
import { lastUserText } from './last-user-text.ts'
import { lengthDirective, stretch } from './length-directive.ts'
import type { Prompt, PromptMessage } from './prompt.ts'
import { readFacts } from './read-facts.ts'
import { factsObject, summarise } from './summarise.ts'
import { valueForSchema } from './value-for-schema.ts'

/**
 * Answers a prompt from its own words, always the same way. In this order: `echo:` gives back the rest of the last user text;
 * tools that are named or required are called; tool results are quoted; a schema or `json_object` is filled from the
 * documents; else the documents are summarised and pictures mentioned. Then stop sequences and `maxTokens` cut it.
 *
 * @param chunks wanted content chunks of a stream (the control API's setting); the text's own directive wins.
 */
export function composeAnswer(prompt: Prompt, chunks: number | null, callId: string): ComposedAnswer {
  const text = lastUserText(prompt)
  const asked = lengthDirective(text) ?? chunks
  if (text.startsWith('echo:'))
    return cutAnswer([{ kind: 'text', text: text.slice(5).replace(/^ /, '') }], prompt, chunks)
  const last = prompt.messages.at(-1)
  const results = last?.toolResults ?? []
  const tools = chooseTools(prompt, text, results.length > 0)
  const parts: AnswerPart[] = []
  if (prompt.reasoning !== 'none') parts.push({ kind: 'reasoning', text: reasonAbout(prompt, text) })
  if (tools.length > 0) {
    // A tool that is forced stands in for a schema, so its arguments come from the documents.
    const forced = typeof prompt.toolChoice === 'object'
    const facts = readFacts(forced ? findDocuments(prompt, text).join('\n\n') : text)
    tools.forEach((tool, i) => {
      const id = `${callId}${i}`
      parts.push({ kind: 'tool', id, name: tool.name, text: JSON.stringify(valueForSchema(tool.parameters, facts)) })
    })
    return cutAnswer(parts, prompt, asked)
  }
  parts.push({ kind: 'text', text: answerText(prompt, text, last, asked) })
  return cutAnswer(parts, prompt, asked)
}

function answerText(prompt: Prompt, text: string, last: PromptMessage | undefined, chunks: number | null): string {
  const documents = findDocuments(prompt, text)
  if (prompt.format.kind === 'schema') {
    return JSON.stringify(valueForSchema(prompt.format.schema, readFacts(documents.join('\n\n'))))
  }
  if (prompt.format.kind === 'json') return JSON.stringify(factsObject(documents.join('\n\n')))
  const results = last?.toolResults ?? []
  const images = prompt.messages.findLast((message) => message.role === 'user')?.images ?? []
  const lines =
    results.length > 0 ? results.map((result) => `${result.name} says: ${result.text}`) : [summarise(documents)]
  lines.push(...images.map((image, i) => describeImage(image, i + 1)))
  const whole = lines.join('\n')
  return chunks === null ? whole : stretch(whole, chunks)
}

function reasonAbout(prompt: Prompt, text: string): string {
  const { title, words } = readFacts(text)
  const tools = prompt.tools.length === 0 ? '' : ` ${prompt.tools.length} tools are offered.`
  return `The user sent ${words} words, about ${countTokens(text)} tokens, beginning with "${title}".${tools} I answer from the text.`
}
