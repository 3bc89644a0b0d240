import { expect, it } from 'vitest'
import { readRange } from './read-range.ts'

it.each([
  ['bytes=0-0', { from: 0, to: 1 }],
  ['bytes=2-4', { from: 2, to: 5 }],
  ['bytes=2-', { from: 2, to: 10 }],
  ['bytes=-3', { from: 7, to: 10 }],
  ['bytes=-99', { from: 0, to: 10 }],
  ['bytes=9-99', { from: 9, to: 10 }],
  ['BYTES=0-999999999999999', { from: 0, to: 10 }],
  [undefined, null],
  ['', null],
  ['bytes=-', null],
  ['bytes=5-2', null],
  ['bytes=0-1,3-4', null],
  ['lines=0-1', null],
  ['bytes=a-b', null],
  ['bytes=0-1e1', null],
])('%s of ten bytes', (header, expected) => {
  expect(readRange(header, 10)).toEqual(expected)
})

it.each([
  ['bytes=10-', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=-1', 0],
])('%s of %s bytes cannot be had', (header, bytes) => {
  expect(() => readRange(header, bytes)).toThrow(expect.objectContaining({ code: 'range_not_satisfiable' }))
})
