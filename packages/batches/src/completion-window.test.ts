import { describe, expect, it } from 'vitest'
import { parseCompletionWindow } from './completion-window.ts'

describe('parseCompletionWindow', () => {
  it.each([
    ['15m', 900_000],
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['168h', 604_800_000],
    ['10080m', 604_800_000],
    ['900s', 900_000],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['6d23h59m60s', 604_800_000],
  ])('%s', (text, ms) => expect(parseCompletionWindow(text)).toBe(ms))

  it.each([
    '',
    '24',
    'h',
    '14m',
    '8d',
    '169h',
    '0h',
    '01h',
    '1.5h',
    '-1d',
    ' 24h',
    '24H',
    '24h ',
    '99999d',
    '1w',
    '30m1h',
    '1h1h',
    '1h 30m',
    '899s',
    '7d1s',
  ])('refuses %j', (text) => expect(parseCompletionWindow(text)).toBeNull())
})
