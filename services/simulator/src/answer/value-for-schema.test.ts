import { expect, test } from 'vitest'
import { z } from 'zod'
import type { JsonSchema } from './prompt.ts'
import { readFacts } from './read-facts.ts'
import { valueForSchema } from './value-for-schema.ts'

const TEXT = `# Order of the day

Invoice number: 4711
Due: 2024-05-06
Written by Grace Hopper and Ada Lovelace for delivery to New York. It weighs 3.5 kg and is urgent.
Contact grace@navy.example or https://navy.example/orders. Apache License 2.0.`
const facts = readFacts(TEXT)

const CASES: Record<string, [schema: JsonSchema, value: unknown]> = {
  'by name': [
    {
      type: 'object',
      properties: {
        title: { type: 'string' },
        license: { type: 'string' },
        invoice_number: { type: 'integer' },
        dueDate: { type: 'string', format: 'date' },
        contact_email: { type: 'string' },
        url: { type: 'string' },
        city: { type: 'string' },
        urgent: { type: 'boolean' },
        fragile: { type: 'boolean' },
      },
    },
    {
      title: 'Order of the day',
      license: 'Apache-2.0',
      invoice_number: 4711,
      dueDate: '2024-05-06',
      contact_email: 'grace@navy.example',
      url: 'https://navy.example/orders',
      city: 'New York',
      urgent: true,
      fragile: false,
    },
  ],
  'enum by presence, else the first': [
    { type: 'array', minItems: 2, items: { enum: ['calm', 'Urgent', 'late'] } },
    ['Urgent', 'Urgent'],
  ],
  'enum that the text does not mention': [{ enum: ['calm', 'late'] }, 'calm'],
  const: [{ const: 7 }, 7],
  'arrays of strings are its names': [
    { type: 'array', items: { type: 'string' } },
    ['Grace Hopper', 'Ada Lovelace', 'New York'],
  ],
  'arrays of numbers are its numbers': [{ type: 'array', items: { type: 'number' }, maxItems: 2 }, [4711, 2024]],
  'arrays of objects': [
    { type: 'array', items: { type: 'object', required: ['who'], properties: { who: { type: 'string' } } } },
    [{ who: 'Grace Hopper' }, { who: 'Ada Lovelace' }],
  ],
  'unions take what is not null': [{ anyOf: [{ type: 'null' }, { const: 1 }] }, 1],
  references: [
    {
      $defs: { n: { type: ['integer', 'null'], maximum: 10 } },
      type: 'object',
      properties: { n: { $ref: '#/$defs/n' } },
    },
    { n: 10 },
  ],
  allOf: [
    { allOf: [{ type: 'object', properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
    { a: 1, b: 2 },
  ],
  'types in capitals': [{ type: 'OBJECT', properties: { ok: { type: 'BOOLEAN' } } }, { ok: false }],
  bounds: [{ type: 'string', maxLength: 5 }, 'Grace'],
}

test.each(Object.entries(CASES))('%s', (_, [schema, value]) => {
  expect(valueForSchema(schema, facts)).toEqual(value)
})

const node = {
  type: 'object',
  required: ['name', 'children'],
  properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
}
const SCHEMAS: Record<string, JsonSchema> = {
  recursive: { ...node, additionalProperties: false },
  everything: {
    type: 'object',
    additionalProperties: false,
    required: ['a', 'b', 'c', 'd', 'e', 'f'],
    properties: {
      a: { type: 'integer', minimum: 5, maximum: 9, multipleOf: 3 },
      b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      c: { type: 'string', minLength: 30, maxLength: 40 },
      d: { type: 'array', minItems: 3, maxItems: 3, items: { type: ['string', 'null'] } },
      e: { anyOf: [{ type: 'object', required: ['x'], properties: { x: { type: 'boolean' } } }, { type: 'null' }] },
      f: { type: 'string', format: 'email' },
    },
  },
  bare: {},
}

test.each(Object.entries(SCHEMAS))('the value fits its schema, whatever the text: %s', (_, schema) => {
  const check = z.fromJSONSchema(schema)
  for (const text of [TEXT, '', 'hi', '12', '…'.repeat(5000), 'No Numbers Here']) {
    expect(check.safeParse(valueForSchema(schema, readFacts(text))).error).toBeUndefined()
  }
})

test('a schema that requires itself for ever still ends', () => {
  const endless = { type: 'object', required: ['me'], properties: { me: { $ref: '#' } } }
  expect(JSON.stringify(valueForSchema(endless, facts))).toContain('null')
})
