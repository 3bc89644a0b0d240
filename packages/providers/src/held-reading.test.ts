import { describe, expect, test } from 'vitest'
import { callChat } from './call-provider.ts'
import { assemble, chatCall, fixture, KINDS, type SeenLine, upstream } from './test-support/chat-call.ts'
import { type MemoryEnd, memoryTransport } from './test-support/memory-transport.ts'

/** A sink that takes one line at a time, later than it is given. */
async function readSlowly(kind: (typeof KINDS)[number], pieces: Buffer[], end: MemoryEnd) {
  const lines: SeenLine[] = []
  let open = 0
  let most = 0
  const transport = memoryTransport(pieces, 'text/event-stream', end)
  const result = await callChat(transport, chatCall({ upstream: upstream(kind, 'http://memory.test') }), {
    async data(data, content) {
      most = Math.max(most, ++open)
      await new Promise(setImmediate)
      lines.push({ data, content })
      open--
    },
  })
  return { result, lines, most, seen: assemble(lines) }
}

function events(bytes: Buffer): Buffer[] {
  const ends = [...bytes.toString('latin1').matchAll(/\r?\n\r?\n/g)].map((match) => match.index + match[0].length)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

describe.each(KINDS)('%s: while the sink is not ready', (kind) => {
  const bytes = fixture(kind, 'text.sse')

  test('nothing more is read, and the order stays', async () => {
    const { result, most, seen } = await readSlowly(kind, events(bytes), 'whole')
    expect(result.ok).toBe(true)
    expect(most).toBe(1)
    expect(seen.text).toBe('Grüße aus "Köln", 世界 🌍!\n')
  })

  test('a connection that is lost then has still given what it gave', async () => {
    const complete = await readSlowly(kind, [bytes], 'cut_while_held')
    expect(complete.result.ok).toBe(true)
    expect(complete.seen).toMatchObject({ finish: 'stop', text: 'Grüße aus "Köln", 世界 🌍!\n' })
    const half = await readSlowly(kind, [bytes.subarray(0, Math.floor(bytes.length * 0.6))], 'cut_while_held')
    expect(half.result).toMatchObject({ ok: false, sawContent: true, failure: { class: 'broken_stream' } })
    expect(half.seen.text).not.toBe('')
    expect(half.seen.finish).toBeNull()
  })
})
