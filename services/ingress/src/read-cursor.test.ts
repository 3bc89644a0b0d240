import { describe, expect, it } from 'vitest'
import { readCursor } from './read-cursor.ts'

describe('readCursor', () => {
  it.each<[string | undefined, unknown, number]>([
    [undefined, undefined, -1],
    ['', undefined, -1],
    ['0', undefined, 0],
    [undefined, '41', 41],
    ['7', '3', 7],
    ['', '3', 3],
  ])('Last-Event-ID %s, starting_after %s', (header, query, expected) => {
    expect(readCursor(header, query)).toBe(expected)
  })

  it.each<[string | undefined, unknown, string]>([
    [undefined, '-1', 'starting_after'],
    [undefined, '1000000000000000000', 'starting_after'],
    [undefined, 'abc', 'starting_after'],
    [undefined, '', 'starting_after'],
    [undefined, '1.5', 'starting_after'],
    [undefined, ['1', '2'], 'starting_after'],
    [undefined, '٣', 'starting_after'],
    ['-1', '3', 'Last-Event-ID'],
    ['job_1:3', undefined, 'Last-Event-ID'],
    ['1, 2', undefined, 'Last-Event-ID'],
  ])('refuses Last-Event-ID %s, starting_after %s', (header, query, param) => {
    expect(() => readCursor(header, query)).toThrow(expect.objectContaining({ code: 'invalid_cursor', param }))
  })
})
