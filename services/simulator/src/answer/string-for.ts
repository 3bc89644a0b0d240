import { findField } from './find-field.ts'
import type { Facts } from './read-facts.ts'
import type { ResolvedSchema } from './resolve-schema.ts'
import type { SchemaPlace } from './schema-place.ts'

/** For each string format the pattern that finds one in the text, and what stands in where there is none. */
const FORMATS: Record<string, [RegExp, string]> = {
  date: [/\b\d{4}-\d\d-\d\d\b/, '2000-01-01'],
  'date-time': [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/, '2000-01-01T00:00:00Z'],
  time: [/\b\d\d:\d\d:\d\dZ/, '00:00:00Z'],
  email: [/\b[\w.+-]+@[\w-]+\.[a-z]{2,10}\b/i, 'nobody@example.com'],
  uri: [/\bhttps?:\/\/[^\s<>()"'`]+[\w/]/, 'https://example.com/'],
  url: [/\bhttps?:\/\/[^\s<>()"'`]+[\w/]/, 'https://example.com/'],
  uuid: [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/i, '00000000-0000-4000-8000-000000000000'],
}

/** A string for a property: by its format, a `name: value` line, what its name asks for, else a name or sentence of the text. */
export function stringFor(schema: ResolvedSchema, facts: Facts, place: SchemaPlace): string {
  return fit(pick(schema, facts, place), schema)
}

function pick(schema: ResolvedSchema, facts: Facts, { name, index }: SchemaPlace): string {
  const format = FORMATS[String(schema.format ?? formatByName(name))]
  if (format !== undefined) return format[0].exec(facts.text)?.[0] ?? format[1]
  const field = index === 0 ? findField(facts.text, name) : null
  if (/licen[sc]e/i.test(name)) return facts.licence ?? field ?? 'unknown'
  if (field !== null) return field
  if (/^(title|subject|heading|headline)$/i.test(name)) return facts.title
  if (/(summary|abstract|description|overview|gist|answer|text|content|reason)/i.test(name)) {
    return facts.sentences.slice(0, 2).join(' ')
  }
  if (/(city|place|location|country|destination)/i.test(name)) return place(facts) ?? nameAt(facts, index)
  if (/(query|question|prompt|input|message)/i.test(name)) return facts.sentences[0] ?? facts.title
  if (/^(name|package|project)$/i.test(name)) return facts.title
  if (/(language|locale)/i.test(name)) return 'en'
  return nameAt(facts, index)
}

function formatByName(name: string): string {
  if (/e-?mail/i.test(name)) return 'email'
  return /(^|_)(url|uri|link|homepage|website)s?$/i.test(name) ? 'uri' : ''
}

/** The capitalised words after "in", "to", "for", "from" or "at". */
function place(facts: Facts): string | null {
  return /\b(?:in|to|for|from|at)\s+([A-Z][\wà-ÿ]*(?:[ -][A-Z][\wà-ÿ]*)*)/.exec(facts.text)?.[1] ?? null
}

function nameAt(facts: Facts, index: number): string {
  return facts.names[index] ?? facts.sentences[index] ?? facts.names[0] ?? facts.title
}

function fit(text: string, schema: ResolvedSchema): string {
  const least = Number(schema.minLength ?? 0)
  const most = Number(schema.maxLength ?? 2_000)
  return text.padEnd(least, '.').slice(0, Math.max(most, 0))
}
