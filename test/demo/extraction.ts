const text = (description: string) => ({ type: 'string', description })

const PROPERTIES = {
  title: text('Title of the document'),
  kind: { type: 'string', enum: ['readme', 'licence', 'changelog', 'guide', 'source', 'other'] },
  licence: text('SPDX identifier of the licence that the document states or is; "unknown" where it names none'),
  summary: text('What the document says, in at most two sentences'),
  keywords: { type: 'array', items: { type: 'string' }, description: 'Three to eight words to find it by' },
}

export const PROMPT = 'You read documents and fill in a form about each.'

/** The form: what is asked of every document. */
export const SCHEMA = {
  type: 'object',
  properties: PROPERTIES,
  required: Object.keys(PROPERTIES),
  additionalProperties: false,
}

/** Whether an answer is the form, filled in. */
export function isExtraction(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { title, kind, licence, summary, keywords } = value as Record<keyof typeof PROPERTIES, unknown>
  return (
    [title, kind, licence, summary].every((field) => typeof field === 'string') &&
    Array.isArray(keywords) &&
    keywords.every((word) => typeof word === 'string')
  )
}
