import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { gatherLines } from './gathered-lines.ts'

describe('gatherLines', () => {
  it('writes the lines of a moment together', async () => {
    const written: string[] = []
    const write = gatherLines((text) => written.push(text))
    write('a\n', false)
    write('b\n', false)
    expect(written).toEqual([])
    await expect.poll(() => written).toEqual(['a\nb\n'])
    write('c\n', false)
    await expect.poll(() => written).toEqual(['a\nb\n', 'c\n'])
  })

  it('writes an urgent line at once, behind those before it', () => {
    const written: string[] = []
    const write = gatherLines((text) => written.push(text))
    write('a\n', false)
    write('failed\n', true)
    expect(written).toEqual(['a\nfailed\n'])
  })

  it('holds no more than a little', () => {
    const written: string[] = []
    const write = gatherLines((text) => written.push(text))
    for (let i = 0; i < 20; i++) write(`${'x'.repeat(1_023)}\n`, false)
    expect(written.map(({ length }) => length)).toEqual([16 * 1_024])
  })
})

describe('the log of a process that ends', () => {
  it.each([
    ['by process.exit', 'process.exit(3)', 3],
    ['by an uncaught error', 'throw new Error("gone")', 1],
    ['by itself', '', 0],
  ])('%s is whole and in order', async (_name, ending, status) => {
    const script = `
      const { createLogger } = await import(${JSON.stringify(new URL('./logger.ts', import.meta.url).href)})
      const logger = createLogger({ service: 'worker', pretty: false, level: 'info' })
      logger.info('first')
      logger.warn('second')
      logger.info('third')
      ${ending}`
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => error,
    )
    const lines = stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['first', 'second', 'third'])
    expect(code).toBe(status)
  })
})
