import { expect, test } from 'vitest'
import { splitPart, splitPieces } from './split-pieces.ts'

const TEXTS = [
  '',
  'x',
  'two words',
  'a longer text with several words in it, and 👍🏽 signs',
  '漢字'.repeat(40),
  '👩‍👩‍👧'.repeat(30),
]

test.each(TEXTS)('pieces are the text, none empty, no character halved: %s', (text) => {
  for (const count of [null, 1, 3, 50]) {
    const pieces = splitPieces(text, count)
    expect(pieces.join('')).toBe(text)
    expect(pieces.every((piece) => piece !== '' && piece.isWellFormed())).toBe(true)
    if (count !== null) expect(pieces.length).toBeLessThanOrEqual(count)
  }
})

test('as many pieces as asked for, where the text is long enough', () => {
  expect(splitPieces('x'.repeat(500), 50)).toHaveLength(50)
  expect(splitPieces('abc', 50)).toEqual(['a', 'b', 'c'])
})

test('natural pieces end with a word, fragments of arguments anywhere', () => {
  expect(splitPieces('some words that follow each other', null)).toEqual(['some words that ', 'follow each other'])
  const text = '{"city":"Paris","days":3}'
  expect(splitPart({ kind: 'tool', id: '1', name: 'f', text }, null)).toEqual(['{"city":', '"Paris",', '"days":3}'])
})
