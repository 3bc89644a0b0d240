import { newBatchId } from '@switchyard/batches/batch-id'
import { type BatchRecord, type BatchSpec, hasEnded } from '@switchyard/batches/batch-record'
import type { ComposedFile } from '@switchyard/batches/compose-files'
import { createBatch } from '@switchyard/batches/create-batch'
import { ACTIVE_KEY } from '@switchyard/batches/keys'
import { readBatch } from '@switchyard/batches/read-batch'
import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { failure } from '@switchyard/contract/broker-error'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { claimJob } from '@switchyard/jobs/claim-job'
import { readRequest } from '@switchyard/jobs/read-request'
import { settleJob } from '@switchyard/jobs/settle-job'
import { newBeginning, newEnding } from '@switchyard/jobs/testing/new-attempt'
import { createConsumer } from '@switchyard/lanes/consumer'
import { createFeeder, type Feeder } from '../batches/feeder.ts'
import { startPromptCaching } from '../prompt-cache/prompt-caching.ts'
import { effectsDone } from '../run-effects.ts'
import { settle } from '../settle.ts'
import { type BrokerBundle, openBroker } from './broker-bundle.ts'

const PATIENCE_MS = 20_000

/** A row of an output or error file. */
export interface FileRow {
  custom_id: string
  response: { status_code: number; body: { choices?: unknown; error?: { code: string; param: string | null } } } | null
  error: { code: string } | null
}

/** A broker whose model `m` runs in the lanes of the bundle, `m-first` in the first alone, and what feeds its batches. */
export interface BatchBundle extends BrokerBundle {
  /** What was called, in the order of the calls. */
  calls: string[]
  ended: BatchRecord[]
  submit(lines: string[], over?: Partial<BatchSpec>): Promise<BatchSpec>
  batch(id: string): Promise<BatchRecord>
  newFeeder(): Feeder
  /** Rounds of a feeder until the batch is as the check wants it. */
  feedUntil(feeder: Feeder, check: () => Promise<boolean> | boolean): Promise<void>
  /** Feeds until the batches have ended and been let go. */
  feedToEnd(feeder: Feeder, ...ids: string[]): Promise<void>
  /** Works on a lane: answers, or fails where the request says `fail`. `tells` false: as if it died between settle and effects. */
  work(
    lane: string,
    options?: { concurrency?: number; tells?: boolean; hold?: Promise<void> },
  ): { stop(): Promise<void> }
  filesOf(batch: BatchRecord): Promise<{ output: FileRow[]; errors: FileRow[] }>
}

export function line(customId: string, body: object = {}): string {
  const whole = { model: 'm', messages: [{ role: 'user', content: customId }], ...body }
  return JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/chat/completions', body: whole })
}

export async function openBatches(url: string): Promise<BatchBundle> {
  const bundle = await openBroker(url)
  const { broker, redis, blobs, lanes, deployment } = bundle
  const [first, second] = lanes.map((lane) => lane.split('.')[1]!) as [string, string]
  const catalog = catalogFrom(`
providers:
  ${first}: { kind: openai, baseUrl: "http://127.0.0.1:9/v1", apiKey: none }
  ${second}: { kind: openai, baseUrl: "http://127.0.0.1:9/v1", apiKey: none }
classes: { frontier: {} }
deployments:
  ${deployment}: { provider: ${first}, class: frontier, model: u, contextWindow: 100000 }
  ${deployment}-2: { provider: ${second}, class: frontier, model: u, contextWindow: 100000 }
models:
  m: { route: [${deployment}, ${deployment}-2] }
  m-first: { route: [${deployment}] }
`)
  const caching = startPromptCaching({ redis, onError: (error) => broker.onError(error, 'learn how prompts begin') })
  const calls: string[] = []
  const ended: BatchRecord[] = []
  const files = new Map<string, ComposedFile>()
  const signal = new AbortController().signal

  async function batch(id: string): Promise<BatchRecord> {
    const record = await readBatch(redis, id)
    if (!record) throw new Error(`there is no ${id}`)
    return record
  }

  async function feedUntil(feeder: Feeder, check: () => Promise<boolean> | boolean): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; !(await check()); ) {
      if (performance.now() > deadline) throw new Error('it did not come about')
      await feeder.round(signal)
    }
  }

  return {
    ...bundle,
    async close() {
      caching.watch.stop()
      await bundle.close()
    },
    calls,
    ended,
    batch,
    feedUntil,
    async submit(lines, over = {}) {
      const spec: BatchSpec = {
        v: 1,
        id: newBatchId(),
        project: bundle.spec().project,
        apiKey: 'key_test',
        endpoint: '/v1/chat/completions',
        inputFileId: 'file-test',
        inputBlob: `${bundle.spec().project}/file-${newBatchId()}/content`,
        completionWindow: '24h',
        windowMs: 86_400_000,
        metadata: {},
        outputExpiresAfterSeconds: null,
        createdAtMs: Date.now(),
        ...over,
      }
      await blobs.put(spec.inputBlob, lines.join('\n'))
      await createBatch(redis, spec)
      return spec
    },
    newFeeder: () =>
      createFeeder({
        broker,
        fleet: () => ({ catalog, ...unseenFleet(new Set([deployment, `${deployment}-2`])), caching }),
        files: {
          register: async (_batch, file) => void files.set(file.id, file),
        },
        isFull: () => false,
        onEnded: async (record) => void ended.push(record),
      }),
    async feedToEnd(feeder, ...ids) {
      await feedUntil(feeder, async () => {
        const records = await Promise.all(ids.map(batch))
        if (!records.every(({ status }) => hasEnded(status))) return false
        const active = await Promise.all(ids.map((id) => redis.zscore(ACTIVE_KEY, id)))
        return active.every((score) => score === null)
      })
      await feeder.idle()
    },
    work(lane, { concurrency = 8, tells = true, hold } = {}) {
      const consumer = createConsumer({
        redis,
        lane,
        concurrency,
        onError: (error) => broker.onError(error, 'consume'),
        async handle(delivery) {
          const verdict = await claimJob(broker.jobs, delivery, { owner: 'w1', suspect: false })
          if (verdict.kind !== 'claimed') return { kind: 'done' }
          const { record, fence, request } = verdict.claim
          const { spec } = record
          const body = JSON.parse((await readRequest(broker.jobs, record, request)).toString()) as {
            messages: { content: string }[]
          }
          const text = body.messages[0]!.content
          const beginning = { ...newBeginning(1, fence), deployment }
          await beginAttempt(broker.jobs, spec.id, beginning)
          calls.push(text)
          await hold
          const fails = text.startsWith('fail')
          const ending = newEnding(fails ? 'failed' : 'completed')
          const attempts = [{ ...beginning, ...ending }]
          const how = {
            status: fails ? 'failed' : 'completed',
            failure: fails ? failure('provider_error', 'no luck') : null,
            body: fails ? null : `{\n "choices": [{"message": {"content": ${JSON.stringify(text)}}}]\n}`,
          } as const
          const end = { ...how, attempt: { number: 1, ending } }
          // One that tells nobody has died right after its settle.
          if (tells) {
            await settle(broker, spec, { fence }, end, attempts)
            await effectsDone(broker, 10_000)
          } else await settleJob(broker.jobs, spec, { fence }, end)
          return { kind: 'done' }
        },
      })
      return { stop: () => consumer.stop() }
    },
    async filesOf(record) {
      const read = async (id: string | null) => {
        if (id === null) return []
        const text = (await blobs.get(files.get(id)!.blob))!.toString()
        return text
          .trimEnd()
          .split('\n')
          .map((row) => JSON.parse(row) as FileRow)
      }
      return { output: await read(record.outputFileId), errors: await read(record.errorFileId) }
    },
  }
}
