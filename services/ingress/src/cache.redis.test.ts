import { randomUUID } from 'node:crypto'
import { ledgerDay, readLedger, readTotals } from '@switchyard/accounts/ledger'
import { failure } from '@switchyard/contract/broker-error'
import type { CachedRow } from '@switchyard/contract/effects'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let messages: object[]
beforeAll(async () => {
  stack = await startStack()
})
beforeEach(() => {
  messages = [{ role: 'user', content: randomUUID() }]
})
afterAll(() => stack.stop())

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [] })

function chunk(content: string): string {
  return JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })
}

function ask(body: object = {}, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return stack.chat({ messages, switchyard: { cache: 'exact' }, ...body }, headers, signal)
}

const how = (response: Response) => response.headers.get('x-switchyard-cache')

/** The next job is this request's: none of those before has come to the worker unseen. */
async function expectNoOther(): Promise<void> {
  const { id } = await jobIn(await stack.chat({}, { prefer: 'respond-async' }))
  const next = await stack.worker.next()
  expect(next.id).toBe(id)
  await next.complete(ANSWER)
}

describe('cache: exact', () => {
  it('shares the call in flight and its answer afterwards, and books what that saved', async () => {
    const asked = ask()
    const job = await stack.worker.next()
    const others = [ask(), ask({ switchyard: { cache: 'exact', tags: { team: 'x' } } })]
    await job.begin()
    await job.complete(ANSWER)
    const answers = await Promise.all([asked, ...others])
    answers.push(await ask())
    expect(how(answers[0]!)).toBe('miss')
    expect(how(answers[3]!)).toBe('hit')
    for (const answer of answers) {
      expect([answer.status, await answer.text(), answer.headers.get('x-request-id')]).toEqual([200, ANSWER, job.id])
    }
    expect(answers.map((answer) => answer.headers.get('x-switchyard-cost-usd'))).toEqual(['0.00125', '0', '0', '0'])

    const redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'producer', name: 'ledger' })
    const day = ledgerDay(Date.now())
    await expect
      .poll(() => readTotals(redis, stack.project, day))
      .toMatchObject({
        attempts: 1,
        costNanoUsd: 1_250_000,
        cachedAnswers: 3,
        savedNanoUsd: 3_750_000,
        outputTokens: 3,
      })
    const cached: CachedRow[] = []
    for await (const row of readLedger(redis, stack.project, day)) if ('kind' in row) cached.push(row)
    for (const row of cached) expect(row).toMatchObject({ jobId: job.id, costNanoUsd: 0, savedNanoUsd: 1_250_000 })
    expect(cached.map(({ tags }) => tags)).toContainEqual({ team: 'x' })
    await disconnectRedis(redis)
    await expectNoOther()
  })

  it('streams too, from the first event on', async () => {
    const asked = ask({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'))
    const first = readEventStream(await asked)
    await first.has('id: 0')
    const shared = await ask({ stream: true })
    expect(how(shared)).toBe('shared')
    const second = readEventStream(shared)
    await second.has('id: 0')
    await job.append(chunk('b'))
    await job.complete(null)
    expect(await first.ended).toBe(true)
    expect(await second.ended).toBe(true)
    const hit = await ask({ stream: true })
    expect(how(hit)).toBe('hit')
    const whole = `id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: ${chunk('b')}\n\nid: 2\ndata: [DONE]\n\n`
    expect([first.text(), second.text(), await hit.text()]).toEqual([whole, whole, whole])
  })

  it('of a failed or cancelled call has no answer: the next one runs', async () => {
    for (const end of ['fail', 'cancel']) {
      const asked = ask()
      const job = await stack.worker.next()
      await job.begin()
      if (end === 'fail') await job.fail(failure('provider_error', 'no'))
      else await stack.fetch(`/v1/jobs/${job.id}/cancel`, { method: 'POST' })
      expect((await asked).status).toBe(end === 'fail' ? 502 : 499)
    }
    const asked = ask()
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    expect([how(await asked), how(await ask())]).toEqual(['miss', 'hit'])
  })

  it('goes on for who is left', async () => {
    const gone = new AbortController()
    const asked = ask({ stream: true }, {}, gone.signal)
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'))
    await readEventStream(await asked).has('id: 0')
    const other = readEventStream(await ask({ stream: true }))
    await other.has('id: 0')
    gone.abort()
    const late = await ask({ stream: true }, { prefer: 'respond-async' })
    expect([late.status, how(late), (await jobIn(late)).id]).toEqual([202, 'shared', job.id])
    await job.complete(null)
    expect(await other.ended).toBe(true)
    expect(other.text()).toContain('[DONE]')
  })

  it('is of one project, of one body, and only for who asks', async () => {
    const jobs = []
    const body = JSON.stringify({ model: stack.model, messages, switchyard: { cache: 'exact' } })
    const headers = { 'content-type': 'application/json', prefer: 'respond-async' }
    const each = [
      () => ask({}, headers),
      () => ask({ temperature: 1 }, headers),
      () => ask({ switchyard: {} }, headers),
      () => ask({ switchyard: { cache: 'exact', allow: [stack.deployment] } }, headers),
      () => stack.fetchAsOther('/v1/chat/completions', { method: 'POST', headers, body }),
    ]
    for (const request of each) {
      jobs.push((await jobIn(await request())).id)
      await (await stack.worker.next()).complete(ANSWER)
    }
    expect(new Set(jobs).size).toBe(each.length)
  })

  it('takes no webhook: the call may be another request’s', async () => {
    const response = await ask({ switchyard: { cache: 'exact', webhook: { url: 'https://example.com/' } } })
    expect([response.status, (await errorIn(response)).param]).toEqual([400, 'switchyard.cache'])
  })

  it('and an idempotency key go together', async () => {
    const asked = ask({}, { 'idempotency-key': JSON.stringify(messages) })
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    expect(how(await asked)).toBe('miss')
    const hit = await ask({}, { 'idempotency-key': randomUUID() })
    expect([how(hit), hit.headers.get('x-request-id')]).toEqual(['hit', job.id])
    const replay = await ask({}, { 'idempotency-key': JSON.stringify(messages) })
    expect([replay.headers.get('idempotency-replayed'), await replay.text()]).toEqual(['true', ANSWER])
  })

  it('asked for a thousand times at once is one call', { timeout: 60_000 }, async () => {
    const asked = Array.from({ length: 1_000 }, () => ask({ stream: true }))
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'))
    await job.complete(null)
    const answers = await Promise.all(asked)
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(texts)).toEqual(new Set([`id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: [DONE]\n\n`]))
    expect(answers.filter((answer) => how(answer) === 'miss')).toHaveLength(1)
    await expectNoOther()
  })
})
