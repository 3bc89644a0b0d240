import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newApiKey } from '@switchyard/accounts/api-key'
import { type ApiKeyRecord, createKeyStore } from '@switchyard/accounts/key-store'
import { ALL_SCOPES } from '@switchyard/accounts/principal'
import { openLocalBlobStore } from '@switchyard/blobs/local-blob-store'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { createLogger } from '@switchyard/telemetry/logger'
import { NO_TELEMETRY, type Telemetry } from '@switchyard/telemetry/start-telemetry'
import { type RunningIngress, startIngress, type Tuning } from '../start-ingress.ts'
import { type StandInWorker, startStandInWorker } from './stand-in-worker.ts'

export interface Stack {
  url: string
  key: string
  /** The model that requests name; its only deployment is the stand-in's. */
  model: string
  deployment: string
  lane: string
  catalogFile: string
  /** The data directory of its ingress. */
  directory: string
  ingress: RunningIngress
  worker: StandInWorker
  project: string
  makeKey(project: string, given?: Partial<ApiKeyRecord>): Promise<string>
  /** Lines that the service logged. */
  logged: string[]
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** With the key of another project. */
  fetchAsOther(path: string, init?: RequestInit): Promise<Response>
  chat(body?: object, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
  stop(): Promise<void>
}

export function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm test, or start servers and name them`)
  return value
}

/** A whole ingress on a free port and a worker for the one lane of its catalog; all names are random, so suites share a Redis. */
export async function startStack(
  options: {
    redisUrl?: string
    tuning?: Partial<Tuning>
    drainMs?: number
    telemetry?: Telemetry
    outages?: boolean
  } = {},
): Promise<Stack> {
  const redisUrl = options.redisUrl ?? required('TEST_REDIS_URL')
  const random = randomBytes(6).toString('hex')
  const deployment = `d-${random}`
  const lane = `frontier.p${random}`
  const model = `model-${random}`
  const directory = await mkdtemp(join(tmpdir(), 'ingress-'))
  const catalogFile = join(directory, 'catalog.yaml')
  await writeFile(catalogFile, catalogOf({ provider: `p${random}`, deployment, model }))
  const logged: string[] = []
  const logger = createLogger({
    service: 'ingress',
    level: 'info',
    destination: { write: (line) => void logged.push(line) },
  })
  const keys = await keyMaker(redisUrl)
  const project = `proj_${random}`
  const key = await keys.make(project)
  const otherKey = await keys.make(`proj_other${random}`)
  const worker = await startStandInWorker({
    redisUrl,
    blobs: await openLocalBlobStore(join(directory, 'blobs')),
    lane,
    deployment,
    outages: options.outages ?? false,
  })
  const ingress = await startIngress(
    {
      port: 0,
      host: '127.0.0.1',
      redisUrl,
      dataDirectory: directory,
      blobs: { location: join(directory, 'blobs'), s3Endpoint: undefined, fsync: false },
      catalogFile,
      apiKey: undefined,
      drainMs: options.drainMs ?? 0,
      secret: undefined,
      webhookLoopback: true,
    },
    {
      logger,
      telemetry: options.telemetry ?? NO_TELEMETRY,
      env: {},
      ...(options.tuning ? { tuning: options.tuning } : {}),
    },
  )
  const fetchWith =
    (apiKey: string) =>
    (path: string, init: RequestInit = {}) =>
      fetch(`${ingress.url}${path}`, { ...init, headers: { authorization: `Bearer ${apiKey}`, ...init.headers } })
  const fetchFrom = fetchWith(key)
  return {
    url: ingress.url,
    key,
    model,
    deployment,
    lane,
    catalogFile,
    directory,
    ingress,
    worker,
    logged,
    project,
    makeKey: keys.make,
    fetch: fetchFrom,
    fetchAsOther: fetchWith(otherKey),
    chat: (body = {}, headers = {}, signal) =>
      fetchFrom('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...body }),
        ...(signal ? { signal } : {}),
      }),
    async stop() {
      await ingress.stop()
      await worker.stop()
      await keys.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Keys of projects of this stack's own, because the development project has one key at a time. */
async function keyMaker(redisUrl: string): Promise<{ make: Stack['makeKey']; stop(): Promise<void> }> {
  const redis = await connectRedis(redisUrl, { role: 'producer', name: 'keys' })
  const store = createKeyStore({ redis })
  return {
    async make(project, given = {}) {
      const key = newApiKey()
      await store.put(key, {
        id: `key_${randomBytes(6).toString('hex')}`,
        project,
        scopes: [ALL_SCOPES],
        name: 'test',
        createdAtMs: Date.now(),
        expiresAtMs: null,
        revokedAtMs: null,
        prefix: key.slice(0, 10),
        ...given,
      })
      return key
    },
    stop: () => disconnectRedis(redis),
  }
}

function catalogOf(names: { provider: string; deployment: string; model: string }): string {
  return `
providers:
  ${names.provider}: { kind: openai, baseUrl: "http://127.0.0.1:9/v1", apiKey: none }
classes:
  frontier: {}
deployments:
  ${names.deployment}: { provider: ${names.provider}, class: frontier, model: m, contextWindow: 100000 }
models:
  ${names.model}: { route: [${names.deployment}] }
`
}
