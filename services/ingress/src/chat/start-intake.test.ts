import { afterAll, describe, expect, it } from 'vitest'
import { startIntake } from './start-intake.ts'

const intake = startIntake()
afterAll(() => intake.stop())

function bodyOf(size: number, extra: object = {}): Buffer {
  const content = 'Lorem ipsum dolor. '.repeat(Math.ceil(size / 19))
  return Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...extra }))
}

describe('startIntake', () => {
  it('reads small bodies at once, and large ones to the same result with the same bytes', async () => {
    const small = intake.read(bodyOf(100), 'openai-chat')
    expect(small).not.toBeInstanceOf(Promise)
    const large = bodyOf(3_000_000, { stream: true })
    const copy = Buffer.from(large)
    const read = await intake.read(large, 'openai-chat')
    expect(read.bytes.equals(copy)).toBe(true)
    expect(read.intake).toMatchObject({ model: 'm', stream: true })
    expect(read.intake.needs.inputTokens).toBeGreaterThan(300_000)
  })

  it('passes refusals on', async () => {
    await expect(intake.read(bodyOf(300_000, { temperature: 9 }), 'openai-chat')).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'temperature',
    })
    await expect(intake.read(Buffer.alloc(300_000, '['), 'openai-chat')).rejects.toMatchObject({
      code: 'json_too_deep',
    })
  })

  it('does not hold up this thread', async () => {
    let reading = true
    let turns = 0
    const count = () => {
      turns++
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    await intake.read(bodyOf(8_000_000), 'openai-chat')
    reading = false
    // Read on this thread there would be none.
    expect(turns).toBeGreaterThan(1)
  })

  it('keeps many apart', async () => {
    const bodies = Array.from({ length: 12 }, (_, i) => bodyOf(300_000, { user: `user-${i}`, n: i + 1 }))
    const copies = bodies.map((body) => Buffer.from(body))
    const answers = await Promise.all(bodies.map((body) => intake.read(body, 'openai-chat')))
    expect(answers.map(({ bytes }, i) => bytes.equals(copies[i]!))).toEqual(copies.map(() => true))
  })
})
