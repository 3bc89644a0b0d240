import { beforeEach, describe, expect, it } from 'vitest'
import { collect, type JobObject, type SseEvent, textOf } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'
import type { Fault } from '../harness/simulator.ts'

const WORDS = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu'
const ask = { messages: [{ role: 'user', content: `echo: ${WORDS}` }] }
const OPUS = 'claude-opus-4-7'

beforeEach(async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 5, chunkDelayMs: 5 })
})

const deployments = (job: JobObject) => job.attempts.map(({ deployment }) => deployment)
const errors = (job: JobObject) => job.attempts.map(({ error_code }) => error_code)

async function stream(json: object): Promise<{ status: number; events: SseEvent[]; job: JobObject; broken: boolean }> {
  const response = await api.chat({ ...ask, ...json, stream: true })
  const { events, broken } = await collect(response)
  const job = await api.job(response.headers.get('x-request-id')!)
  return { status: response.status, events, job, broken }
}

describe.each([
  ['an interactive stream', 'stream'],
  ['a background job', 'background'],
] as const)('%s', (_name, mode) => {
  async function run(model: string): Promise<JobObject> {
    if (mode === 'stream') {
      const { events, job } = await stream({ model })
      expect(textOf(events)).toBe(WORDS)
      expect(events.at(-1)!.data).toBe('[DONE]')
      return job
    }
    const job = await api.ended(await api.submit({ ...ask, model, stream: true }))
    const { events } = await collect(await api.fetch(`/v1/jobs/${job.id}/events`))
    expect(textOf(events)).toBe(WORDS)
    return job
  }

  it('is retried once where it is when the provider fails once', async () => {
    await simulator.fault({ kind: 'status', status: 500, model: OPUS, times: 1 })
    const job = await run('claude-4-7-opus')
    expect(deployments(job)).toEqual(['opus', 'opus'])
    expect(errors(job)).toEqual(['server', null])
  })

  it.each<[string, Fault, string]>([
    ['503 for long', { kind: 'status', status: 503 }, 'overloaded'],
    ['529 for long', { kind: 'status', status: 529 }, 'overloaded'],
    ['reset connections', { kind: 'reset' }, 'server'],
    ['no model', { kind: 'status', status: 404 }, 'not_found'],
    ['a refused credential', { kind: 'status', status: 401 }, 'credential'],
  ])('falls back from %s', async (_what, fault, errorClass) => {
    await simulator.fault({ ...fault, model: OPUS })
    const job = await run('claude-4-7-opus')
    expect(job.status).toBe('completed')
    expect(deployments(job).at(-1)).toBe('gpt')
    expect(deployments(job)[0]).toBe('opus')
    if (fault.kind !== 'reset') expect(errors(job)[0]).toBe(errorClass)
    // Every call is in the ledger of the provider, and every attempt is a call.
    expect((await simulator.callsOf(job.id)).map(({ clientRequestId }) => clientRequestId)).toEqual(
      job.attempts.map((_, i) => `${job.id}.${i + 1}`),
    )
  })

  it('goes elsewhere at once from 429, without burning the time it was told to wait', async () => {
    const model = `refused-${mode}`
    await simulator.fault({ kind: 'status', status: 429, retryAfter: 60, model: `gemini-${model}`, times: 1 })
    const job = await run(model)
    expect(deployments(job)).toEqual([model, 'opus'])
    expect(errors(job)[0]).toBe('rate_limited')
  })

  it('leaves a region that fails at once, for another one of the same hop', async () => {
    for (const region of ['us', 'us2']) {
      await simulator.fault({ kind: 'status', status: 503, model: `gpt-5.4-regional-${region}` })
    }
    for (let i = 0; i < 6; i++) {
      const job = await run('regional')
      const called = deployments(job)
      expect(called.at(-1)).toBe('regional-eu')
      expect(called.length).toBeLessThanOrEqual(2)
    }
  })

  it('waits where there is nowhere else to go', async () => {
    await simulator.fault({ kind: 'status', status: 429, retryAfter: 1, model: 'gpt-5.4-mini', times: 1 })
    const job = await run('alone')
    expect(deployments(job)).toEqual(['gpt-mini', 'gpt-mini'])
    expect(job.status).toBe('completed')
  })

  it.each(['hasty', 'hasty-claude'])('leaves %s when no first token comes', async (model) => {
    await simulator.fault({ kind: 'no_response', model: model === 'hasty' ? 'gpt-5.4-hasty' : 'claude-hasty' })
    const job = await run(model)
    expect(deployments(job).at(-1)).toBe(model === 'hasty' ? 'haiku' : 'gpt-mini')
  })
})

describe('a stream that breaks in the middle', () => {
  const breaks: [string, Fault][] = [
    ['is cut', { kind: 'cut', afterChunks: 2 }],
    ['stalls', { kind: 'stall', afterChunks: 2 }],
    ['ends without its terminal marker', { kind: 'no_terminal' }],
    ['sends what is no JSON', { kind: 'malformed', afterChunks: 2 }],
    ['sends an error', { kind: 'error_event', afterChunks: 2 }],
  ]

  it.each(breaks.flatMap(([what, fault]) => [[what, 'hasty', fault] as const, [what, 'hasty-claude', fault] as const]))(
    'because it %s (%s) never looks whole to one who has read it',
    async (_what, model, fault) => {
      await simulator.fault({ ...fault, model: model === 'hasty' ? 'gpt-5.4-hasty' : 'claude-hasty' })
      const { events, job, broken } = await stream({ model })
      expect(broken).toBe(false)
      expect(events.some(({ data }) => data === '[DONE]')).toBe(false)
      expect(events.at(-1)).toMatchObject({ event: 'error' })
      expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ error: { code: 'stream_interrupted' } })
      expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i))
      expect(job.status).toBe('failed')
      expect(WORDS.startsWith(textOf(events))).toBe(true)
      expect(textOf(events).length).toBeGreaterThan(0)
    },
  )

  it.each(breaks)('because it %s is started over unseen when nobody has read it', async (_what, fault) => {
    await simulator.fault({ ...fault, model: 'gpt-5.4-hasty' })
    const job = await api.ended(await api.submit({ ...ask, model: 'hasty', stream: true }))
    // Whoever followed it may have read; the submit above did not, and `ended` attaches late: both ends are honest.
    const { events } = await collect(await api.fetch(`/v1/jobs/${job.id}/events`))
    if (job.status === 'completed') expect(textOf(events)).toBe(WORDS)
    else expect(job.error).toMatchObject({ code: 'stream_interrupted' })
    expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i))
  })

  it('is started over before its reader with on_break: restart, behind a marker', async () => {
    await simulator.fault({ kind: 'cut', afterChunks: 2, model: 'gpt-5.4-hasty' })
    const { events, job } = await stream({ model: 'hasty', switchyard: { on_break: 'restart' } })
    expect(job.status).toBe('completed')
    const markers = events.flatMap(({ data }) => (data.includes('discard_before') ? [JSON.parse(data).switchyard] : []))
    expect(markers.length).toBeGreaterThan(0)
    const kept = events.slice(markers.at(-1).discard_before)
    expect(textOf(kept)).toBe(WORDS)
    expect(events.at(-1)!.data).toBe('[DONE]')
    const result = await (await api.fetch(`/v1/jobs/${job.id}/result`)).json()
    expect(result).toMatchObject({ choices: [{ message: { content: WORDS } }] })
  })

  it('goes on where it broke with on_break: continue', async () => {
    await simulator.fault({ kind: 'cut', afterChunks: 2, model: 'gpt-5.4-hasty' })
    const { events, job } = await stream({ model: 'hasty', switchyard: { on_break: 'continue' } })
    expect(job.status).toBe('completed')
    expect(deployments(job).at(-1)).toBe('haiku')
    expect(events.at(-1)!.data).toBe('[DONE]')
    expect(events.some(({ data }) => data.includes('discard_before'))).toBe(false)
  })
})

describe('what is the caller’s own error', () => {
  it('is given back as the provider says it, and is not tried elsewhere', async () => {
    const body = { type: 'error', error: { type: 'invalid_request_error', message: 'messages.0: too strange' } }
    await simulator.fault({ kind: 'status', status: 400, model: OPUS, body })
    const response = await api.chat({ ...ask, model: 'claude-4-7-opus' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: 'messages.0: too strange' },
    })
    const job = await api.job(response.headers.get('x-request-id')!)
    expect(deployments(job)).toEqual(['opus'])
  })

  it('fails typed when every provider is down, listing what was tried', async () => {
    await simulator.fault({ kind: 'status', status: 503 })
    const response = await api.chat({ ...ask, model: 'gpt-5-5-pro' })
    expect(response.status).toBe(502)
    const { error } = (await response.json()) as { error: { code: string; attempts: { deployment: string }[] } }
    expect(error.code).toBe('provider_error')
    expect(new Set(error.attempts.map(({ deployment }) => deployment))).toEqual(new Set(['gpt', 'opus', 'gpt-base']))
  })
})

describe('a limit in flight', () => {
  it('is never exceeded, and everybody gets an answer', async () => {
    await simulator.model('gpt-5.4-narrow', { firstTokenMs: 100, inFlight: 2 })
    const ids = await Promise.all(Array.from({ length: 12 }, () => api.submit({ ...ask, model: 'narrow' })))
    for (const id of ids) expect(await api.ended(id)).toMatchObject({ status: 'completed' })
    const calls = await simulator.calls({ model: 'gpt-5.4-narrow' })
    expect(calls.map(({ status }) => status)).toEqual(Array(12).fill(200))
  })
})
