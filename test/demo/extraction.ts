import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions'
import type { Document } from './read-documents.ts'

/** What is asked of every document. */
export interface Extraction {
  title: string
  kind: string
  licence: string
  summary: string
  keywords: string[]
}

const text = (description: string) => ({ type: 'string', description })

const PROPERTIES = {
  title: text('Title of the document'),
  kind: { type: 'string', enum: ['readme', 'licence', 'changelog', 'guide', 'source', 'other'] },
  licence: text('SPDX identifier of the licence that the document states or is; "unknown" where it names none'),
  summary: text('What the document says, in at most two sentences'),
  keywords: { type: 'array', items: { type: 'string' }, description: 'Three to eight words to find it by' },
}

const SCHEMA = {
  type: 'object',
  properties: PROPERTIES,
  required: Object.keys(PROPERTIES),
  additionalProperties: false,
}

/** The request for one document: an ordinary chat completion with a JSON schema. */
export function extractionRequest(model: string, document: Document): ChatCompletionCreateParamsNonStreaming {
  return {
    model,
    messages: [
      { role: 'system', content: 'You read documents and fill in a form about each.' },
      {
        role: 'user',
        content: `The file ${document.name}:\n\n<document>\n${document.text}\n</document>`,
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'document', strict: true, schema: SCHEMA } },
  }
}

/** The form as the model filled it in; null where the answer is not what the schema says. */
export function readExtraction(content: string | null | undefined): Extraction | null {
  try {
    const value: unknown = JSON.parse(content ?? '')
    return isExtraction(value) ? value : null
  } catch {
    return null
  }
}

function isExtraction(value: unknown): value is Extraction {
  if (typeof value !== 'object' || value === null) return false
  const { title, kind, licence, summary, keywords } = value as Record<keyof Extraction, unknown>
  return (
    [title, kind, licence, summary].every((field) => typeof field === 'string') &&
    Array.isArray(keywords) &&
    keywords.every((word) => typeof word === 'string')
  )
}
