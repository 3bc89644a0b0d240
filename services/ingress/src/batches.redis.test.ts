import { join } from 'node:path'
import { jobIdOfLine, newBatchId } from '@switchyard/batches/batch-id'
import type { BatchObject } from '@switchyard/batches/batch-object'
import { closeBatch, finishBatch } from '@switchyard/batches/close-batch'
import { publishNews } from '@switchyard/batches/news'
import { readBatch } from '@switchyard/batches/read-batch'
import { recordLineEnds } from '@switchyard/batches/record-line-ends'
import { answerRow } from '@switchyard/batches/row-text'
import { takeLines } from '@switchyard/batches/take-lines'
import { tellValidated } from '@switchyard/batches/tell-validated'
import { writeSegment } from '@switchyard/batches/write-segment'
import { openLocalBlobStore } from '@switchyard/blobs/local-blob-store'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

const ENDPOINT = '/v1/chat/completions'
const USAGE = { inputTokens: 5, cachedInputTokens: 2, cacheWriteTokens: 0, outputTokens: 3, reasoningTokens: 1 }

let stack: Stack
let client: OpenAI
let redis: RedisClient
let blobs: BlobStore
beforeAll(async () => {
  stack = await startStack()
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
  redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'consumer', name: 'batches-test' })
  blobs = await openLocalBlobStore(join(stack.directory, 'blobs'))
})
afterAll(async () => {
  await disconnectRedis(redis)
  await stack.stop()
})

async function upload(purpose: 'batch' | 'user_data' = 'batch'): Promise<string> {
  return (await client.files.create({ file: await toFile(Buffer.from('{}\n'), 'in.jsonl'), purpose })).id
}

async function create(over: Partial<OpenAI.BatchCreateParams> = {}): Promise<OpenAI.Batch> {
  const input_file_id = over.input_file_id ?? (await upload())
  return client.batches.create({ input_file_id, endpoint: ENDPOINT, completion_window: '24h', ...over })
}

/** What the feeder and workers would do: validated with so many lines, these of them finished. */
async function validated(total: number): Promise<OpenAI.Batch> {
  const batch = await create()
  await tellValidated(redis, batch.id, { total, model: 'm' })
  return batch
}

async function finish(id: string, count: number, outcome: 'ok' | 'error' = 'ok'): Promise<void> {
  const [taken] = await takeLines(redis, [{ batchId: id, lines: count }], 400)
  await recordLineEnds(
    { redis, blobs },
    taken!.map(({ line, try: tryNumber }) => ({
      batch: { id, project: stack.project },
      line,
      try: tryNumber,
      outcome,
      text: answerRow({ customId: `c${line}`, jobId: jobIdOfLine(id, line, tryNumber), status: 200, body: '{}' }),
      usage: USAGE,
      costNanoUsd: 1_000_000,
    })),
  )
}

async function complete(id: string): Promise<void> {
  await closeBatch(redis, id, 'completed')
  await finishBatch(redis, id, { output: 'file-out', errors: null })
  await publishNews(redis, [id])
}

const output = (id: string, query = '', headers: Record<string, string> = {}) =>
  stack.fetch(`/v1/batches/${id}/output${query}`, { headers })

describe('the official client', () => {
  it('creates, finds and lists batches', async () => {
    const batch = await create({
      completion_window: '15m' as '24h',
      metadata: { team: 'docs' },
      output_expires_after: { anchor: 'created_at', seconds: 3_600 },
    })
    expect(batch).toMatchObject({
      object: 'batch',
      status: 'validating',
      endpoint: ENDPOINT,
      completion_window: '15m',
      errors: null,
      metadata: { team: 'docs' },
      request_counts: { total: 0, completed: 0, failed: 0 },
      switchyard: { paused: false, eta_seconds: null },
    })
    expect(batch.expires_at! - batch.created_at).toBe(900)
    expect(await client.batches.retrieve(batch.id)).toEqual(batch)
    const second = await create()
    const page = await client.batches.list({ limit: 1 })
    expect([page.data.map(({ id }) => id), page.has_more]).toEqual([[second.id], true])
    const ids: string[] = []
    for await (const { id } of client.batches.list({ limit: 1 })) ids.push(id)
    expect(ids.slice(0, 2)).toEqual([second.id, batch.id])
  })

  it('sees how far a batch is', async () => {
    const { id } = await validated(4)
    await finish(id, 2)
    await finish(id, 1, 'error')
    expect(await client.batches.retrieve(id)).toMatchObject({
      status: 'in_progress',
      model: 'm',
      request_counts: { total: 4, completed: 2, failed: 1 },
      usage: { input_tokens: 15, output_tokens: 9, total_tokens: 24, input_tokens_details: { cached_tokens: 6 } },
      switchyard: { cost_usd: 0.003 },
    })
  })

  it('cancels, twice', async () => {
    const early = await create()
    expect(await client.batches.cancel(early.id)).toMatchObject({ status: 'cancelled' })
    const { id } = await validated(4)
    expect(await client.batches.cancel(id)).toMatchObject({ status: 'cancelling' })
    expect(await client.batches.cancel(id)).toMatchObject({ status: 'cancelling' })
  })
})

describe('what is refused', () => {
  const body = (over: object) => ({ input_file_id: 'file-x', endpoint: ENDPOINT, completion_window: '24h', ...over })

  it.each<[string, object, number, string, string | null]>([
    ['no file', body({ input_file_id: undefined }), 400, 'missing_required_parameter', 'input_file_id'],
    ['an unknown file', body({}), 404, 'not_found', 'input_file_id'],
    ['another endpoint', body({ endpoint: '/v1/jobs' }), 400, 'invalid_value', 'endpoint'],
    ['a window that is too short', body({ completion_window: '14m' }), 400, 'invalid_value', 'completion_window'],
    ['a window that is too long', body({ completion_window: '8d' }), 400, 'invalid_value', 'completion_window'],
    ['a number for a window', body({ completion_window: 24 }), 400, 'invalid_value', 'completion_window'],
    ['metadata of numbers', body({ metadata: { a: 1 } }), 400, 'invalid_metadata', 'metadata.a'],
    [
      '17 pairs',
      body({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, ''])) }),
      400,
      'invalid_metadata',
      'metadata',
    ],
    [
      'output that expires at once',
      body({ output_expires_after: { anchor: 'created_at', seconds: 1 } }),
      400,
      'invalid_value',
      'output_expires_after.seconds',
    ],
    ['something unknown', body({ priority: 1 }), 400, 'unknown_parameter', 'priority'],
  ])('%s', async (_what, given, status, code, param) => {
    const response = await stack.fetch('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(given),
    })
    expect([response.status, await errorIn(response)]).toMatchObject([status, { code, param }])
  })

  it('a file of another purpose', async () => {
    const file = await upload('user_data')
    await expect(create({ input_file_id: file })).rejects.toMatchObject({ status: 400, param: 'input_file_id' })
  })

  it.each(['', '/output', '/cancel', '/pause', '/resume', '/retry_failed'])(
    'foreign and unknown batches: %s',
    async (path) => {
      const { id } = await create()
      const method = ['', '/output'].includes(path) ? 'GET' : 'POST'
      for (const response of [
        await stack.fetchAsOther(`/v1/batches/${id}${path}`, { method }),
        await stack.fetch(`/v1/batches/${newBatchId()}${path}`, { method }),
        await stack.fetch(`/v1/batches/x${path}`, { method }),
      ]) {
        expect([response.status, (await errorIn(response)).code]).toEqual([404, 'not_found'])
      }
      expect(await client.batches.retrieve(id)).toMatchObject({ status: 'validating' })
    },
  )

  it('control of a batch that has ended', async () => {
    const { id } = await validated(1)
    await finish(id, 1)
    await complete(id)
    for (const act of ['cancel', 'pause', 'resume']) {
      const response = await stack.fetch(`/v1/batches/${id}/${act}`, { method: 'POST' })
      expect([response.status, (await errorIn(response)).code]).toEqual([409, 'invalid_batch_status'])
    }
  })

  it.each(['-1', 'x', '1.5', '3'])('rows after %s', async (after) => {
    const { id } = await validated(2)
    await finish(id, 2)
    const response = await output(id, `?after=${after}`)
    expect([response.status, (await errorIn(response)).code]).toEqual([400, 'invalid_cursor'])
  })
})

describe('a running batch', () => {
  const act = async (id: string, name: string) => {
    const response = await stack.fetch(`/v1/batches/${id}/${name}`, { method: 'POST' })
    return [response.status, await response.json()] as [number, BatchObject]
  }

  it('pauses and goes on', async () => {
    const { id } = await validated(2)
    expect(await act(id, 'pause')).toMatchObject([200, { status: 'in_progress', switchyard: { paused: true } }])
    expect(await act(id, 'resume')).toMatchObject([200, { switchyard: { paused: false } }])
  })

  it('runs failed lines again, also when it had completed', async () => {
    const { id } = await validated(2)
    await finish(id, 2, 'error')
    await complete(id)
    expect(await act(id, 'retry_failed')).toMatchObject([
      200,
      { status: 'in_progress', completed_at: null, output_file_id: null, request_counts: { completed: 0, failed: 0 } },
    ])
  })

  it('gives its rows as lines, from a place on', async () => {
    const { id } = await validated(5)
    await finish(id, 3)
    await writeSegment({ redis, blobs }, (await readBatch(redis, id))!)
    await finish(id, 1)
    const all = await output(id)
    expect(all.headers.get('x-switchyard-cursor')).toBe('4')
    const lines = (await all.text()).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).toEqual(['c0', 'c1', 'c2', 'c3'])
    expect(await (await output(id, '?after=2')).text()).toBe(`${lines.slice(2).join('\n')}\n`)
    const none = await output(id, '?after=4')
    expect([await none.text(), none.headers.get('x-switchyard-cursor')]).toEqual(['', '4'])
  })

  it('gives its rows as events while it runs, and ends with it', async () => {
    const { id } = await validated(3)
    await finish(id, 1)
    const stream = readEventStream(await output(id, '', { accept: 'text/event-stream' }))
    await stream.has('id: 1\n')
    await finish(id, 2)
    await stream.has('id: 3\n')
    await complete(id)
    expect(await stream.ended).toBe(true)
    const events = stream
      .text()
      .split('\n\n')
      .filter((event) => event !== '' && !event.startsWith(':'))
    expect(events.map((event) => event.split('\n')[0])).toEqual(['id: 1', 'id: 2', 'id: 3', 'event: batch.completed'])
    const again = await output(id, '', { accept: 'text/event-stream', 'last-event-id': '2' })
    const rest = readEventStream(again)
    await rest.ended
    expect(rest.text()).not.toContain('id: 2\n')
    expect(rest.text()).toContain('id: 3\n')
    expect((await output(id, '', { accept: 'text/event-stream', 'last-event-id': '3' })).status).toBe(204)
  })
})

describe('a draining process', () => {
  it('cuts the events of a batch, so that nobody takes them for whole', async () => {
    const own = await startStack()
    const file = await new OpenAI({ baseURL: `${own.url}/v1`, apiKey: own.key }).files.create({
      file: await toFile(Buffer.from('{}\n'), 'in.jsonl'),
      purpose: 'batch',
    })
    const batch = await new OpenAI({ baseURL: `${own.url}/v1`, apiKey: own.key }).batches.create({
      input_file_id: file.id,
      endpoint: ENDPOINT,
      completion_window: '24h',
    })
    const stream = readEventStream(
      await own.fetch(`/v1/batches/${batch.id}/output`, { headers: { accept: 'text/event-stream' } }),
    )
    await stream.has(': keep-alive')
    await own.stop()
    expect(await stream.ended).toBe(false)
  })
})
