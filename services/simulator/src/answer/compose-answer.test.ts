import { expect, test } from 'vitest'
import { composeAnswer } from './compose-answer.ts'
import type { Prompt, PromptMessage } from './prompt.ts'
import { splitPart } from './split-pieces.ts'

const message = (role: PromptMessage['role'], text: string): PromptMessage => ({
  role,
  text,
  images: [],
  toolCalls: [],
  toolResults: [],
})
const prompt = (messages: PromptMessage[], extra: Partial<Prompt> = {}): Prompt => ({
  messages,
  tools: [],
  toolChoice: 'auto',
  parallelTools: true,
  format: { kind: 'text' },
  overheadCharacters: 0,
  maxTokens: null,
  stop: [],
  reasoning: 'none',
  ...extra,
})
const textOf = (given: Prompt, chunks: number | null = null) =>
  composeAnswer(given, chunks, 'id')
    .parts.map((part) => part.text)
    .join('|')

test.each([
  [
    'a plain text',
    'The sky is blue. It was seen by Carl Sagan in 1980.',
    'The sky is blue. It was seen by Carl Sagan in 1980.\nWords: 12.\nNames: Carl Sagan.\nNumbers: 1980.',
  ],
  [
    'a tagged document',
    'Sum it up: <document name="a">Only this counts.</document> Thanks.',
    'Only this counts.\nWords: 3.',
  ],
  [
    'several documents',
    '<doc>First one.</doc><doc>Second one.</doc>',
    '1. First one.\nWords: 2.\n\n2. Second one.\nWords: 2.',
  ],
  ['a fenced document', 'Sum it up:\n```text\n# Head\nInner text.\n```', 'Head: Inner text.\nWords: 4.'],
  ['an instruction and a document', 'Sum it up.\n\nThe rest of it.', 'The rest of it.\nWords: 4.'],
  ['nothing', '', 'There is no text to read.'],
])('%s', (_, text, answer) => {
  expect(textOf(prompt([message('user', text)]))).toBe(answer)
})

test('a short instruction is about the document before it', () => {
  const earlier = `# Manual\n\n${'It describes the machine. '.repeat(30)}`
  const messages = [
    message('system', 'Be kind.'),
    message('user', earlier),
    message('assistant', 'Read.'),
    message('user', 'Sum it up.'),
  ]
  expect(textOf(prompt(messages))).toMatch(/^Manual: It describes the machine\./)
})

test('echo gives back exactly the rest, whatever it is', () => {
  for (const rest of ['x', '  spaced  ', '{"a":1}', 'length: 3 chunks', 'get_time 🙂\nnew line']) {
    expect(textOf(prompt([message('user', `echo:${rest.startsWith(' ') ? ' ' : ''}${rest}`)]))).toBe(rest)
  }
})

test('length directives and the setting give exactly so many chunks; the directive wins', () => {
  const pieces = (text: string, setting: number | null) => {
    const answer = composeAnswer(prompt([message('user', text)]), setting, 'id')
    return splitPart(answer.parts[0]!, answer.chunks).length
  }
  expect(pieces('length: 50 chunks', null)).toBe(50)
  expect(pieces('Please, length: 1 chunk', 9)).toBe(1)
  expect(pieces('hello', 200)).toBe(200)
})

test('a stretched answer numbers its words', () => {
  expect(textOf(prompt([message('user', 'length: 12 chunks')]))).toContain(' 1:')
})

test('json_object gives the facts, max tokens cut and say so', () => {
  const asked = prompt([message('user', '# T\n\nBy Ada Lovelace.')], { format: { kind: 'json' } })
  expect(JSON.parse(textOf(asked))).toMatchObject({ title: 'T', names: ['Ada Lovelace'], licence: null })
  const cut = composeAnswer({ ...asked, maxTokens: 3 }, null, 'id')
  expect([cut.parts[0]!.text.length, cut.finish]).toEqual([12, 'length'])
})
