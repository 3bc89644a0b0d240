import { randomBytes } from 'node:crypto'
import { ledgerDay, readLedger } from '@switchyard/accounts/ledger'
import type { LedgerRow, OutboxRow } from '@switchyard/contract/effects'
import type { JobRecord, JobSpec } from '@switchyard/contract/job'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { type Claim, claimJob } from '@switchyard/jobs/claim-job'
import { jobKeys } from '@switchyard/jobs/keys'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { readJob } from '@switchyard/jobs/read-job'
import type { AttemptBeginning } from '@switchyard/jobs/record'
import { newBeginning } from '@switchyard/jobs/testing/new-attempt'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { createProducer } from '@switchyard/lanes/producer'
import type { DeploymentLimits } from '@switchyard/limits/limit-config'
import { type ConnectionRole, connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import type { Broker } from '../broker.ts'

const LIMITS: DeploymentLimits = { rpm: 100, tpm: 1_000, inFlight: 5 }

/** A broker on connections of its own, with lanes, deployments and a project that nobody else has. */
export interface BrokerBundle {
  broker: Broker
  redis: RedisClient
  blobs: ReturnType<typeof memoryBlobStore>
  lanes: [first: string, second: string]
  deployment: string
  limits: DeploymentLimits
  /** What the broker reported. Whoever expects something takes it out: `close` fails for the rest. */
  errors: string[]
  spec(over?: Partial<JobSpec>): JobSpec
  read(jobId: string): Promise<JobRecord>
  /** Claims a job that must be free, as `w1`. */
  claim(jobId: string, options?: { delivery?: number; owner?: string; suspect?: boolean }): Promise<Claim>
  /** Claims it and writes its first attempt down. */
  begin(jobId: string): Promise<{ claim: Claim; beginning: AttemptBeginning }>
  /** Lets its moment come now, for the next sweep. */
  makeDue(jobId: string): Promise<void>
  /** Its owner was last heard of too long ago. */
  lapse(jobId: string): Promise<void>
  outboxOf(jobId: string): Promise<OutboxRow[]>
  /** Resolves once nothing is owed for the job any more. */
  paid(jobId: string): Promise<void>
  ledgerOf(spec: JobSpec): Promise<LedgerRow[]>
  close(): Promise<void>
}

export async function openBroker(url: string, role: ConnectionRole = 'consumer'): Promise<BrokerBundle> {
  const random = randomBytes(6).toString('hex')
  const redis = await connectRedis(url, { role, name: 'broker-test' })
  const blobs = memoryBlobStore()
  const jobs = { redis, blobs }
  const lanes: [string, string] = [`frontier.a${random}`, `frontier.b${random}`]
  const deployment = `opus-${random}`
  const errors: string[] = []
  const broker: Broker = {
    jobs,
    producer: createProducer({ redis }),
    publisher: new LivePublisher(redis),
    limitsOf: (name) => (name === deployment ? LIMITS : undefined),
    onError: (error, doing) => errors.push(`${doing}: ${error instanceof Error ? error.message : String(error)}`),
  }

  async function claim(
    jobId: string,
    options: { delivery?: number; owner?: string; suspect?: boolean } = {},
  ): Promise<Claim> {
    const { delivery = 1, owner = 'w1', suspect = false } = options
    const verdict = await claimJob(jobs, { jobId, delivery }, { owner, suspect })
    if (verdict.kind !== 'claimed') throw new Error(`not claimed: ${verdict.kind}`)
    return verdict.claim
  }

  async function outboxOf(jobId: string): Promise<OutboxRow[]> {
    const rows = await redis.xrange(jobKeys(jobId).outbox, '-', '+')
    return rows.flatMap(([rowId, fields]) => {
      const field = (name: string) => fields[fields.indexOf(name) + 1]
      return field('j') === jobId ? [{ rowId, jobId, attempt: Number(field('n')), ended: field('e') === '1' }] : []
    })
  }

  return {
    broker,
    redis,
    blobs,
    lanes,
    deployment,
    limits: LIMITS,
    errors,
    spec: (over = {}) =>
      newSpec({
        project: `proj_${random}`,
        stream: false,
        route: {
          policy: 'ordered',
          hops: lanes.map((lane) => ({ lane, deployments: [{ id: deployment, drop: [] }] })),
          reasons: [],
        },
        ...over,
      }),
    async read(jobId) {
      const record = await readJob(jobs, jobId)
      if (!record) throw new Error(`there is no ${jobId}`)
      return record
    },
    claim,
    async begin(jobId) {
      const claimed = await claim(jobId)
      const beginning = { ...newBeginning(1, claimed.fence), deployment }
      await beginAttempt(jobs, jobId, beginning)
      return { claim: claimed, beginning }
    },
    async makeDue(jobId) {
      await redis.zadd(jobKeys(jobId).due, 1, jobId)
    },
    async lapse(jobId) {
      const { record, due } = jobKeys(jobId)
      await redis.hset(record, 'lease', 1)
      await redis.zadd(due, 1, jobId)
    },
    outboxOf,
    async paid(jobId) {
      await eventually(async () => {
        const left = await outboxOf(jobId)
        if (left.length > 0) throw new Error(`${left.length} outbox rows are left`)
      })
    },
    async ledgerOf({ project }) {
      const rows: LedgerRow[] = []
      for await (const row of readLedger(redis, project, ledgerDay(Date.now()))) if ('attempt' in row) rows.push(row)
      return rows
    },
    async close() {
      // What was sent without waiting goes out before the connection ends.
      await redis.ping().catch(() => {})
      await disconnectRedis(redis)
      if (errors.length > 0) throw new Error(`the broker reported: ${errors.join('; ')}`)
    },
  }
}
