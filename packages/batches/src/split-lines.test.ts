import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitLines } from './split-lines.ts'

async function* inChunks(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function split(text: string, sizes: number[], maxBytes = 1_000) {
  const bytes = Buffer.from(text)
  const found: { offset: number; text: string | null }[] = []
  for await (const lines of splitLines(inChunks(bytes, sizes), maxBytes)) {
    for (const line of lines) found.push({ offset: line.offset, text: line.bytes?.toString() ?? null })
  }
  return found
}

describe('splitLines', () => {
  it('gives every line with its place, wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[aü \r]{0,6}$/), { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.boolean(),
        async (parts, sizes, ended) => {
          const text = parts.join('\n') + (ended ? '\n' : '')
          const expected = text.split('\n')
          if (expected.at(-1) === '') expected.pop()
          const found = await split(text, sizes)
          expect(found.map(({ text }) => text)).toEqual(expected.map((line) => line.replace(/\r$/, '')))
          for (const { offset, text: line } of found) {
            expect(Buffer.from(text).toString('utf8', offset, offset + Buffer.byteLength(line!))).toBe(line)
          }
        },
      ),
    )
  })

  it.each([[[1]], [[3]], [[100]]])('passes over a line that is too long, in chunks of %j', async (sizes) => {
    expect(await split('ab\n12345678901\ncd\n12345678901', sizes, 10)).toEqual([
      { offset: 0, text: 'ab' },
      { offset: 3, text: null },
      { offset: 15, text: 'cd' },
      { offset: 18, text: null },
    ])
  })
})
