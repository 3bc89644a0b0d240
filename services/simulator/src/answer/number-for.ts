import { findField } from './find-field.ts'
import type { Facts } from './read-facts.ts'
import type { ResolvedSchema } from './resolve-schema.ts'
import type { SchemaPlace } from './schema-place.ts'

/** A number for a property: a `name: 12` line, a year or a count where the name says so, else the text's own numbers. */
export function numberFor(schema: ResolvedSchema, facts: Facts, place: SchemaPlace): number {
  return fit(pick(facts, place), schema)
}

function pick(facts: Facts, { name, index }: SchemaPlace): number {
  if (/word/i.test(name)) return facts.words
  if (/(char|length|size)/i.test(name)) return facts.text.length
  const field = findField(facts.text, name)
  const given = field === null ? null : /-?\d+(?:\.\d+)?/.exec(field)
  if (given !== null) return Number(given[0])
  if (/year/i.test(name)) return facts.numbers.find((number) => number >= 1500 && number <= 2100) ?? 2000
  if (/(count|total|number|amount)/i.test(name)) return facts.numbers[index] ?? facts.words
  return facts.numbers[index % Math.max(1, facts.numbers.length)] ?? facts.words
}

function fit(value: number, schema: ResolvedSchema): number {
  const whole = schema.type === 'integer'
  const clear = whole ? 1 : 0.001
  let fitted = whole ? Math.trunc(value) : value
  const least = bound(schema.minimum, schema.exclusiveMinimum, clear)
  const most = bound(schema.maximum, schema.exclusiveMaximum, -clear)
  if (least !== null && fitted < least) fitted = whole ? Math.ceil(least) : least
  if (most !== null && fitted > most) fitted = whole ? Math.floor(most) : most
  const step = schema.multipleOf
  if (typeof step === 'number' && step > 0) {
    fitted = Math.floor(fitted / step) * step
    if (least !== null && fitted < least) fitted += step
  }
  return fitted
}

/** An exclusive bound is kept clear of by one, or by a thousandth: any value inside will do. */
function bound(inclusive: unknown, exclusive: unknown, inwards: number): number | null {
  if (typeof exclusive === 'number') return exclusive + inwards
  return typeof inclusive === 'number' ? inclusive : null
}
