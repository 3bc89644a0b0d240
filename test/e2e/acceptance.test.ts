import { beforeAll, describe, expect, it } from 'vitest'
import { collect, type JobObject, type SseEvent, textOf } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'
import type { Fault } from '../harness/simulator.ts'
import { type Trial, type TrialMode, trialModel, trialUpstream } from '../harness/trial-catalog.ts'

/**
 * What a provider can do to us, one row each, for a stream that somebody reads and for a job that nobody waits for. (What we can do to
 * ourselves, kill -9 and restarts, is in test/chaos; a client that goes and comes back in resume.test.ts; webhooks in webhooks.test.ts.)
 * Every row also proves the bill: the attempts of each job are the calls in the provider's own ledger.
 */

const WORDS = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu'
const ask = { messages: [{ role: 'user', content: `echo: ${WORDS}` }] }

interface Ended {
  job: JobObject
  /** One letter for each attempt: who was called. */
  called: string
  /** What the client has of the answer; null: its error. */
  text: string | null
  events: SseEvent[]
}

beforeAll(async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 5, chunkDelayMs: 5 })
})

async function stream(model: string, switchyard: object): Promise<Ended> {
  const response = await api.chat({ ...ask, model, stream: true, switchyard })
  const { events, broken } = await collect(response)
  expect(broken).toBe(false)
  const job = await api.job(response.headers.get('x-request-id')!)
  const whole = events.at(-1)?.data === '[DONE]'
  // Never a clean end of an answer that is not whole.
  expect(whole).toBe(job.status === 'completed')
  return { job, called: calledBy(job), text: whole ? textOf(events) : null, events }
}

async function background(model: string, switchyard: object): Promise<Ended> {
  const job = await api.ended(await api.submit({ ...ask, model, switchyard }))
  const response = await api.fetch(`/v1/jobs/${job.id}/result`)
  const body = (await response.json()) as { choices?: { message: { content: string } }[] }
  return { job, called: calledBy(job), text: body.choices?.[0]?.message.content ?? null, events: [] }
}

const calledBy = ({ attempts }: JobObject) => attempts.map(({ deployment }) => deployment.at(-1)).join('')
const classesOf = ({ attempts }: JobObject) => attempts.map(({ error_code }) => error_code)

async function expectBilled({ job }: Ended): Promise<void> {
  const calls = await simulator.callsOf(job.id)
  expect(calls.map(({ clientRequestId }) => clientRequestId)).toEqual(job.attempts.map((_, i) => `${job.id}.${i + 1}`))
  for (const { cost_usd } of job.attempts) expect(cost_usd).not.toBeUndefined()
}

describe.each<[string, TrialMode]>([
  ['a stream', 'stream'],
  ['a background job', 'background'],
])('%s', (_name, mode) => {
  const interactive = mode === 'stream'

  async function run(trial: Trial, switchyard: object = {}): Promise<Ended> {
    const ended = await (interactive ? stream : background)(trialModel(trial, mode), switchyard)
    await expectBilled(ended)
    return ended
  }

  /** Goes wrong at the row's first deployment. */
  const fault = (trial: Trial, given: Fault) => simulator.fault({ ...given, model: trialUpstream(trial, mode, 'a') })

  function expectWhole({ job, text }: Ended): void {
    expect(job).toMatchObject({ status: 'completed', error: null })
    expect(text).toBe(WORDS)
  }

  it('429 with retry-after, once: goes elsewhere at once', async () => {
    await fault('limited-once', { kind: 'status', status: 429, retryAfter: 30, times: 1 })
    const ended = await run('limited-once')
    expectWhole(ended)
    expect([ended.called, classesOf(ended.job)[0]]).toEqual(['ab', 'rate_limited'])
  })

  it('429 for long: who was refused is not asked while its refusal lasts', async () => {
    await fault('limited', { kind: 'status', status: 429, retryAfter: 30 })
    expect((await run('limited')).called).toBe('ab')
    const next = await run('limited')
    expectWhole(next)
    expect(next.called).toBe('b')
  })

  it('500 once: tried again, and nobody sees it', async () => {
    await fault('failed-once', { kind: 'status', status: 500, times: 1 })
    const ended = await run('failed-once')
    expectWhole(ended)
    expect(ended.called).toBe('aa')
  })

  it('503 for minutes: its breaker opens, others answer, one job finds out, and it is back', async () => {
    const id = await fault('down', { kind: 'status', status: 503 })
    const during: Ended[] = []
    while (!during.some(({ called }) => called === 'b')) {
      during.push(await run('down'))
      expect(during.length).toBeLessThanOrEqual(10)
    }
    for (const ended of during) expectWhole(ended)
    await simulator.removeFault(id)
    let ended = during.at(-1)!
    while (ended.called !== 'a') {
      ended = await run('down')
      expectWhole(ended)
    }
  })

  it('a connection reset before any answer: elsewhere', async () => {
    await fault('reset', { kind: 'reset' })
    const ended = await run('reset')
    expectWhole(ended)
    expect(ended.called).toBe('aab')
  })

  it('no answer at all: elsewhere, after its first-token limit', async () => {
    await fault('silent', { kind: 'no_response' })
    const ended = await run('silent')
    expectWhole(ended)
    expect(ended.called).toBe('aab')
  })

  it(interactive ? 'a late first token: elsewhere' : 'a late first token: patience is cheap', async () => {
    await fault('slow', { kind: 'no_response', delayMs: 2_500 })
    const ended = await run('slow')
    expectWhole(ended)
    expect(ended.called).toBe(interactive ? 'aab' : 'a')
  })

  it.each<[string, Trial, Fault]>([
    ['cut in the middle', 'cut', { kind: 'cut', afterChunks: 2 }],
    ['that stalls', 'stalled', { kind: 'stall', afterChunks: 2 }],
    ['with a malformed chunk', 'malformed', { kind: 'malformed', afterChunks: 2 }],
    ['without its terminal marker', 'unfinished', { kind: 'no_terminal' }],
  ])('an answer %s', async (_what, trial, given) => {
    await fault(trial, interactive ? given : { ...given, times: 1 })
    const ended = await run(trial)
    if (!interactive) {
      // Started over unseen.
      expectWhole(ended)
      expect(ended.called).toBe('aa')
      return
    }
    // What has been shown is not started over, here or elsewhere.
    expect(ended.called).toMatch(/^a+$/)
    expect(ended.job).toMatchObject({ status: 'failed', error: { code: 'stream_interrupted' } })
    expect(ended.events.at(-1)).toMatchObject({ event: 'error' })
  })

  it('a prompt too long for the model: a larger window, and the breaker is not touched', async () => {
    const error = { message: 'too long', type: 'invalid_request_error', param: null, code: 'context_length_exceeded' }
    await fault('too-long', { kind: 'status', status: 400, body: { error } })
    for (let i = 0; i < 3; i++) {
      const ended = await run('too-long')
      expectWhole(ended)
      expect(ended.called).toBe('ab')
    }
  })

  it('a content filter: given back as it is, and never counted as ill health', async () => {
    const error = { message: 'filtered', type: 'invalid_request_error', param: null, code: 'content_filter' }
    await fault('filtered', { kind: 'status', status: 400, body: { error } })
    for (let i = 0; i < 3; i++) {
      const ended = await run('filtered')
      expect([ended.called, ended.text]).toEqual(['a', null])
      expect(classesOf(ended.job)).toEqual(['content_filter'])
    }
  })

  it('nobody who can continue a text: nobody is asked to', async () => {
    await fault('prefill', { kind: 'cut', afterChunks: 2 })
    const ended = await run('prefill', { on_break: 'continue' })
    if (interactive) expect([ended.called, ended.text]).toEqual(['a', null])
    else expectWhole(ended)
  })

  it('a provider that flaps: every job has its answer, and it is asked ever more rarely', async () => {
    const upstream = trialUpstream('flapping', mode, 'a')
    let calls = 0
    for (let turn = 0; turn < 5; turn++) {
      const id = await fault('flapping', { kind: 'status', status: 503 })
      for (let i = 0; i < 6; i++) expectWhole(await run('flapping'))
      await simulator.removeFault(id)
      for (let i = 0; i < 2; i++) expectWhole(await run('flapping'))
      calls = (await simulator.calls({ model: upstream })).filter(({ status }) => status === 503).length
    }
    // Thirty jobs met it while it was down: two calls each, had nobody remembered.
    expect(calls).toBeLessThanOrEqual(20)
  })

  it('a refused credential: elsewhere, and from the second on not asked', async () => {
    await fault('refused', { kind: 'status', status: 401 })
    const ends = []
    for (let i = 0; i < 3; i++) ends.push(await run('refused'))
    for (const ended of ends) expectWhole(ended)
    expect(ends.map(({ called }) => called)).toEqual(['ab', 'ab', 'b'])
  })
})
