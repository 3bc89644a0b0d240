import { readFacts } from './read-facts.ts'

/** A text answer about the documents: what each is called, how it begins, and what can be counted in it. */
export function summarise(documents: string[]): string {
  const many = documents.length > 1
  return documents.map((document, i) => (many ? `${i + 1}. ` : '') + summariseOne(document)).join('\n\n')
}

function summariseOne(document: string): string {
  const facts = readFacts(document)
  if (facts.words === 0) return 'There is no text to read.'
  const beginning = facts.sentences.slice(0, 2).join(' ')
  const lines = [
    beginning.startsWith(facts.title) ? beginning : `${facts.title}: ${beginning}`,
    `Words: ${facts.words}.`,
  ]
  if (facts.licence !== null) lines.push(`Licence: ${facts.licence}.`)
  if (facts.names.length > 0) lines.push(`Names: ${facts.names.slice(0, 5).join(', ')}.`)
  if (facts.numbers.length > 0) lines.push(`Numbers: ${facts.numbers.slice(0, 5).join(', ')}.`)
  return lines.join('\n')
}

/** The answer to `json_object`: the same facts as an object. */
export function factsObject(document: string): Record<string, unknown> {
  const { title, sentences, words, licence, names, numbers } = readFacts(document)
  return { title, summary: sentences.slice(0, 2).join(' '), words, licence, names, numbers }
}
