import type { Part, Reading } from './inputs/reading.ts'

/** What is asked of every document. */
export interface Question {
  endpoint: string
  /** null where every input is a request that names its own. */
  model: string | null
  prompt: string | null
  /** JSON schema of the answer. */
  schema: Record<string, unknown> | null
  maxTokens: number | null
}

export const CHAT = '/v1/chat/completions'
/** A line of a batch may be as long as the body of a request. */
export const LONGEST_LINE_BYTES = 32 * 1024 * 1024
const LONGEST_ID = 512

/** The line of a batch for what was read (https://platform.openai.com/docs/api-reference/batch/request-input), or why there is none. */
export function requestLine(
  reading: Extract<Reading, { kind: 'document' | 'request' }>,
  question: Question,
): { line: string } | { why: string } {
  if (reading.name.length > LONGEST_ID) return { why: `has a name of more than ${LONGEST_ID} characters` }
  const { endpoint, model } = question
  let request: Record<string, unknown>
  if (reading.kind === 'request') {
    if (reading.request.url !== endpoint)
      return { why: `is a request for ${reading.request.url}: --endpoint says ${endpoint}` }
    const body = { ...(model === null ? {} : { model }), ...(reading.request.body as object) }
    if (!('model' in body)) return { why: 'is a request without a model: give --model' }
    request = { ...reading.request, method: 'POST', body }
  } else {
    if (endpoint !== CHAT) return { why: `is a document, and documents go to ${CHAT}: --endpoint says ${endpoint}` }
    if (model === null) return { why: 'needs --model' }
    request = {
      custom_id: reading.name,
      method: 'POST',
      url: endpoint,
      body: chatBody(reading.name, reading.parts, question),
    }
  }
  const line = JSON.stringify(request)
  const size = Buffer.byteLength(line)
  return size > LONGEST_LINE_BYTES
    ? { why: `makes a request of ${size} bytes; ${LONGEST_LINE_BYTES} are taken` }
    : { line }
}

function chatBody(
  name: string,
  parts: Part[],
  { model, prompt, schema, maxTokens }: Question,
): Record<string, unknown> {
  // Text alone goes as a string, which every model takes; pages of a document are told apart by an empty line.
  const texts = parts.filter((part) => part.type === 'text')
  const content =
    texts.length === parts.length
      ? document(name, texts.map(({ text }) => text).join('\n\n'))
      : [{ type: 'text', text: `The file ${name}:` }, ...parts]
  return {
    model,
    messages: [...(prompt === null ? [] : [{ role: 'system', content: prompt }]), { role: 'user', content }],
    ...(schema === null ? {} : { response_format: { type: 'json_schema', json_schema: schema } }),
    ...(maxTokens === null ? {} : { max_completion_tokens: maxTokens }),
  }
}

function document(name: string, content: string): string {
  return `The file ${name}:\n\n<document>\n${content}\n</document>`
}
