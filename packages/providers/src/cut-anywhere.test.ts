import { describe, expect, test } from 'vitest'
import { call, fixture, KINDS, type SeenLine, upstream } from './test-support/chat-call.ts'
import { memoryTransport } from './test-support/memory-transport.ts'

const FIXTURES = ['text.sse', 'tools.sse', 'reasoning.sse']

async function answer(pieces: Uint8Array[], kind: (typeof KINDS)[number], end: 'whole' | 'cut' = 'whole') {
  const { result, lines } = await call(memoryTransport(pieces, 'text/event-stream', end), {
    upstream: upstream(kind, 'http://memory.test'),
    includeUsage: true,
  })
  return { result, lines: lines.map(timeless) }
}

/** Every byte of every fixture is a few thousand calls; on a busy machine they may take their time. */
const PATIENT_MS = 120_000

/** `created` is the second in which the attempt began. */
function timeless({ data, content }: SeenLine) {
  return { data: data.replace(/"created":\d+/, '"created":0'), content }
}

describe.each(KINDS)('%s', (kind) => {
  test.each(FIXTURES)(
    '%s means the same wherever it is cut in two',
    async (name) => {
      const bytes = fixture(kind, name)
      const uncut = await answer([bytes], kind)
      expect(uncut.result.ok).toBe(true)
      const wanted = JSON.stringify(uncut)
      for (let at = 1; at < bytes.length; at++) {
        const cut = await answer([bytes.subarray(0, at), bytes.subarray(at)], kind)
        if (JSON.stringify(cut) !== wanted) expect(cut, `cut at byte ${at}`).toEqual(uncut)
      }
    },
    PATIENT_MS,
  )

  test('a stream that comes byte by byte means the same', async () => {
    const bytes = fixture(kind, 'text.sse')
    const uncut = await answer([bytes], kind)
    const dribble = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
    expect(await answer(dribble, kind)).toEqual(uncut)
  })

  test.each(['whole', 'cut'] as const)(
    'a stream that ends before its marker is broken, wherever (%s)',
    async (end) => {
      const bytes = fixture(kind, 'text.sse')
      const complete = await answer([bytes], kind)
      // An event is one only with its blank line; up to there nothing may be taken for an end.
      const text = bytes.toString('latin1')
      const marker =
        kind === 'openai' ? 'data: [DONE]' : kind === 'anthropic' ? 'data: {"type":"message_stop"}' : '"finishReason"'
      const last = text.indexOf('\n', text.lastIndexOf(marker)) + 1
      // A lost connection differs from a clean end only in how it is told, so fewer places will do.
      for (let at = 0; at <= last; at += end === 'whole' ? 1 : 7) {
        const { result, lines } = await answer([bytes.subarray(0, at)], kind, end)
        expect(result.ok, `ended at byte ${at}`).toBe(false)
        if (result.ok) continue
        expect(result.failure.class).toBe('broken_stream')
        expect(result.sawContent).toBe(lines.some((line) => line.content))
        expect(JSON.stringify(complete.lines.slice(0, lines.length))).toBe(JSON.stringify(lines))
        // A translated stream has not said that it is finished; a relayed one may have, but not `[DONE]`.
        if (kind !== 'openai') expect(lines.some(({ data }) => data.includes('"finish_reason":"'))).toBe(false)
      }
    },
    PATIENT_MS,
  )
})
