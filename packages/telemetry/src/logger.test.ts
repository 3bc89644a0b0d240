import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

const CANARY = 'CANARY-6f1d0b'

function setup(options: { secrets?: string[]; level?: string } = {}) {
  const lines: string[] = []
  const logger = createLogger({ service: 'ingress', destination: { write: (line) => lines.push(line) }, ...options })
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('createLogger', () => {
  it('writes one JSON object per line with level, time and service', () => {
    const { logger, parsed } = setup()
    logger.info({ job: 'job_1', lane: 'frontier.a' }, 'claimed')
    expect(parsed()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        service: 'ingress',
        pid: process.pid,
        job: 'job_1',
        lane: 'frontier.a',
        msg: 'claimed',
      },
    ])
  })

  it('takes its level as told, and info for one that does not exist', () => {
    const quiet = setup({ level: 'error' })
    quiet.logger.warn('no')
    quiet.logger.error('yes')
    expect(quiet.lines).toHaveLength(1)
    const odd = setup({ level: 'loud' })
    odd.logger.debug('no')
    odd.logger.info('yes')
    expect(odd.lines).toHaveLength(1)
  })

  it('lets no canary through, wherever it stands', () => {
    const { logger, lines } = setup({ secrets: [`live-${CANARY}`] })
    const providerError = Object.assign(new Error(`401 Incorrect API key provided: sk-ant-${CANARY}`), {
      status: 401,
      code: 'invalid_api_key',
      headers: { authorization: `Bearer ${CANARY}` },
      requestBodyValues: { messages: [{ role: 'user', content: CANARY }] },
      responseBody: CANARY,
      config: { apiKey: CANARY },
      cause: Object.assign(new Error(`POST https://user:${CANARY}@host/v1?key=${CANARY}`), { data: CANARY }),
    })
    logger.error({ err: providerError }, 'attempt failed')
    logger.error(providerError)
    logger.error({ error: providerError })
    logger.info({ req: { method: 'POST', url: `/v1/x?key=${CANARY}`, headers: { cookie: CANARY }, body: CANARY } })
    logger.info({ res: { statusCode: 200, headers: { 'set-cookie': CANARY } } })
    logger.info({ headers: { authorization: CANARY }, body: CANARY })
    logger.info({ job: { request: { messages: [CANARY] }, prompt: CANARY } })
    logger.info({ provider: { apiKey: CANARY, 'x-api-key': CANARY } })
    logger.info(`using live-${CANARY}`)
    logger.info('with %s and %j', `sk-${CANARY}-xyz`, { a: `Bearer ${CANARY}` })
    logger.info({ a: [{ b: { c: [{ prompt: CANARY }] } }], cause: providerError, bytes: Buffer.from(CANARY) })
    logger.child({ token: CANARY, apiKey: CANARY }).info('child')
    expect(lines).toHaveLength(12)
    expect(lines.join('')).not.toContain(CANARY)
  })

  it('keeps what is needed of an error: class, message, code, status, frames, causes', () => {
    const { logger, parsed } = setup()
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })
    logger.error({ err: Object.assign(new TypeError('no Redis', { cause }), { status: 503 }) }, 'enqueue failed')
    expect(parsed()[0]?.err).toMatchObject({
      type: 'TypeError',
      message: 'no Redis',
      status: 503,
      stack: expect.stringContaining('logger.test.ts'),
      cause: { type: 'Error', message: 'connect ECONNREFUSED 127.0.0.1:6379', code: 'ECONNREFUSED' },
    })
  })

  it('cuts messages that would carry a body, and survives errors that are none', () => {
    const { logger, parsed } = setup()
    logger.error({ err: new Error('x'.repeat(5000)) })
    logger.error({ err: { prompt: CANARY } })
    logger.error({ err: 'just text' })
    const errors = parsed().map((line) => line.err as { message: string })
    expect(errors[0]?.message.length).toBeLessThanOrEqual(501)
    expect(errors[1]?.message).toBe('not an Error')
    expect(errors[2]?.message).toBe('just text')
  })

  it('writes for people on request, on standard output, with the same nets', async () => {
    const script = `
      const { createLogger } = await import(${JSON.stringify(new URL('./logger.ts', import.meta.url).href)})
      createLogger({ service: 'worker', pretty: true }).warn({ lane: 'frontier.a', prompt: '${CANARY}' }, 'sk-${CANARY}-key')`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout).toMatch(/WARN: \[redacted\].*frontier\.a/)
    expect(stdout).not.toContain(CANARY)
  })
})
