import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalBlobStore } from '@switchyard/blobs/local-blob-store'
import type { Broker } from '@switchyard/broker/broker'
import { submit } from '@switchyard/broker/submit'
import { isTerminal, type JobRecord, type JobSpec } from '@switchyard/contract/job'
import { fleetKeys } from '@switchyard/fleet/keys'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { readEvents } from '@switchyard/jobs/read-events'
import { readJob } from '@switchyard/jobs/read-job'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { createProducer } from '@switchyard/lanes/producer'
import type { DeploymentLimits } from '@switchyard/limits/limit-config'
import { type LimiterSnapshot, snapshot } from '@switchyard/limits/observe'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { createLogger } from '@switchyard/telemetry/logger'
import { NO_TELEMETRY, type Telemetry } from '@switchyard/telemetry/start-telemetry'
import { type RunningWorker, startWorker } from '../app.ts'
import type { WorkerConfig } from '../config.ts'
import type { SimulatorProcess } from './simulator-process.ts'

/** A deployment of the bundle's catalog; `model` is the simulator's, and nobody else's. */
export interface TestDeployment {
  name: string
  model: string
  lane: string
  limits: DeploymentLimits
}

export interface StartedWorker extends RunningWorker {
  owner: string
  logged: string[]
}

/** What surrounds a worker: its catalog, those who submit, and what it leaves in Redis. All names are the bundle's own. */
export interface WorkerBundle {
  redis: RedisClient
  broker: Broker
  first: TestDeployment
  second: TestDeployment
  catalogFile: string
  /** `logged` takes what it logs, also before it has started. */
  start(over?: Partial<WorkerConfig>, logged?: string[], telemetry?: Telemetry): Promise<StartedWorker>
  /** A job over both deployments, or over `hops`, that asks for so many chunks. */
  spec(over?: Partial<JobSpec>, hops?: TestDeployment[]): JobSpec
  /** `asked` takes the place of the messages, for other dialects. */
  submit(spec: JobSpec, chunks?: number, asked?: object): Promise<JobSpec>
  read(jobId: string): Promise<JobRecord>
  /** The record once it has ended. */
  ended(jobId: string): Promise<JobRecord>
  /** The record once it is as expected. */
  until(jobId: string, isSo: (record: JobRecord) => boolean): Promise<JobRecord>
  /** How many events its log holds. */
  logged(jobId: string): Promise<number>
  limiter(deployment: TestDeployment): Promise<LimiterSnapshot>
  /** What the worker announced, null when it is not in the fleet. */
  announced(owner: string): Promise<{ deployments: { id: string }[]; catalogRevision: string } | null>
  /** Replaces the catalog as an editor does. */
  edit(text: string): Promise<void>
  /** The catalog's text, with the limits of the first deployment. */
  catalog(limits?: DeploymentLimits, more?: string): string
  close(): Promise<void>
}

const LIMITS: DeploymentLimits = { rpm: 1_000, tpm: 1_000_000, inFlight: 8 }
const PATIENCE_MS = 15_000

export async function openWorkerBundle(
  url: string,
  simulator: SimulatorProcess,
  limits: DeploymentLimits = LIMITS,
  breakerOpen = '5s',
): Promise<WorkerBundle> {
  const random = randomBytes(5).toString('hex')
  const dataDir = await mkdtemp(join(tmpdir(), 'worker-test-'))
  const catalogFile = join(dataDir, 'catalog.yaml')
  const redis = await connectRedis(url, { role: 'consumer', name: `submitter-${random}` })
  const producer = createProducer({ redis })
  const workers: StartedWorker[] = []
  const deploymentOf = (letter: string, own: DeploymentLimits): TestDeployment => ({
    name: `${letter}-${random}`,
    model: `gpt-5.5-${letter}${random}`,
    lane: `c${random}.p${letter}${random}`,
    limits: own,
  })
  const [first, second] = [deploymentOf('a', limits), deploymentOf('b', LIMITS)]
  const broker: Broker = {
    jobs: { redis, blobs: await openLocalBlobStore(join(dataDir, 'blobs')) },
    producer,
    publisher: new LivePublisher(redis),
    limitsOf: () => undefined,
    onError: () => {},
  }

  function catalog(own: DeploymentLimits = limits, more = ''): string {
    const price = '{ inputPerMTok: 1, outputPerMTok: 10 }'
    const row = (letter: string, { name, model }: TestDeployment, rowLimits: DeploymentLimits) =>
      `  ${name}: { provider: p${letter}${random}, class: c${random}, model: ${model}, limits: ${JSON.stringify(rowLimits)}, price: ${price}, breaker: { open: ${breakerOpen} } }`
    return `
providers:
  pa${random}: { kind: openai, apiKey: "\${NO_SUCH_KEY}" }
  pb${random}: { kind: openai, apiKey: "\${NO_SUCH_KEY}" }
classes:
  c${random}: { interactive: { concurrency: 16 }, batch: { concurrency: 1 } }
deployments:
${row('a', first, own)}
${row('b', second, LIMITS)}
${more}
models:
  model-${random}: { route: [${first.name}, ${second.name}] }
`
  }

  async function read(jobId: string): Promise<JobRecord> {
    const record = await readJob(broker.jobs, jobId)
    if (!record) throw new Error(`there is no ${jobId}`)
    return record
  }

  async function until(jobId: string, isSo: (record: JobRecord) => boolean): Promise<JobRecord> {
    return eventually(async () => {
      const record = await read(jobId)
      if (!isSo(record)) throw new Error(`not so: ${JSON.stringify({ ...record, spec: undefined })}`)
      return record
    }, PATIENCE_MS)
  }

  await writeFile(catalogFile, catalog())
  return {
    redis,
    broker,
    first,
    second,
    catalogFile,
    catalog,
    read,
    until,
    logged: async (jobId) => (await readEvents(broker.jobs, await read(jobId), -1)).length,
    async start(over = {}, logged = [], telemetry = NO_TELEMETRY) {
      const owner = `w-${random}-${workers.length}`
      const logger = createLogger({
        service: 'worker',
        level: 'info',
        destination: { write: (line) => void logged.push(line) },
      })
      const worker = await startWorker(
        {
          redisUrl: url,
          catalogFile,
          blobs: { location: join(dataDir, 'blobs'), s3Endpoint: undefined, fsync: false },
          simulatorUrl: simulator.url,
          suspect: false,
          drainMs: 5_000,
          quotaMinuteMs: 60_000,
          logLevel: 'info',
          owner,
          ...over,
        },
        {},
        logger,
        telemetry,
      )
      const started = { ...worker, owner, logged }
      workers.push(started)
      return started
    },
    spec: (over = {}, hops = [first, second]) =>
      newSpec({
        project: `proj_${random}`,
        model: `model-${random}`,
        stream: false,
        route: {
          policy: 'ordered',
          hops: hops.map(({ lane, name }) => ({ lane, deployments: [{ id: name, drop: [] }] })),
          reasons: [],
        },
        ...over,
      }),
    async submit(spec, chunks = 5, asked = { messages: [{ role: 'user', content: `length: ${chunks} chunks` }] }) {
      const body = Buffer.from(JSON.stringify({ model: spec.model, ...asked, stream: spec.stream }))
      await submit(broker, { spec, body, reader: null })
      return spec
    },
    ended: (jobId) => until(jobId, ({ status }) => isTerminal(status)),
    limiter: ({ name, limits: own }) => snapshot(redis, name, own),
    async announced(owner) {
      const json = await redis.hget(fleetKeys().members, owner)
      return json === null ? null : JSON.parse(json)
    },
    async edit(text) {
      await writeFile(`${catalogFile}.new`, text)
      await rename(`${catalogFile}.new`, catalogFile)
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await disconnectRedis(redis)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
