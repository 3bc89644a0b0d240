import type { Attempt } from '@switchyard/contract/job'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advanceJob } from './advance-job.ts'
import { beginAttempt } from './begin-attempt.ts'
import { type Claim, claimJob } from './claim-job.ts'
import { confirmAttempts } from './confirm-attempts.ts'
import { createJob } from './create-job.ts'
import { endAttempt } from './end-attempt.ts'
import type { JobLog } from './job-log.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { LivePublisher } from './live-publisher.ts'
import { LogWriter } from './log-writer.ts'
import { lookAtDue } from './look-at-due.ts'
import { type RawEntry, readEvents } from './read-events.ts'
import { readJob } from './read-job.ts'
import { releaseJob } from './release-job.ts'
import { restartLog } from './restart-log.ts'
import { settleJob } from './settle-job.ts'
import { newBeginning, newEnding } from './testing/new-attempt.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'
import { withdrawAttempt } from './withdraw-attempt.ts'

/** One claim of the past or the present. Zombies go on writing with theirs. */
interface Owner {
  claim: Claim
  fence: number
  log: JobLog
  token: string
}

type Step =
  | {
      do: 'deliver'
      delivery: number
      owner: number
      suspect: boolean
      lostReply: boolean
      begins: boolean
      full: boolean
    }
  | { do: 'begin' | 'append' | 'restart' | 'withdraw'; by: number }
  | { do: 'end' | 'release'; by: number; second: boolean }
  | { do: 'advance'; by: number; second: boolean; lostReply: boolean }
  | { do: 'settle'; by: number; second: boolean; lostReply: boolean; ok: boolean }
  | { do: 'cancel' | 'crash' | 'sweep' | 'deadline' | 'read' | 'recreate' | 'show' }

const by = fc.nat(5)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      delivery: fc.integer({ min: 0, max: 2 }),
      owner: fc.nat(2),
      suspect: fc.boolean(),
      lostReply: fc.boolean(),
      begins: fc.boolean(),
      full: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('begin' as const), by }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), by }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'release' as const), by, second: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'withdraw' as const), by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      by,
      second: fc.boolean(),
      lostReply: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      by,
      second: fc.boolean(),
      lostReply: fc.boolean(),
      ok: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'sweep' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'cancel' as const,
        'deadline' as const,
        'read' as const,
        'recreate' as const,
        'show' as const,
      ),
    }),
  },
)

describe.each(SERVERS)('any interleaving on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs

  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'interleavings' })
    jobs = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  it.each([true, false])(
    'leaves one terminal status, one terminal event, one bill for each attempt (stream: %s)',
    { timeout: 120_000 },
    async (stream) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          await run(steps, stream)
        }),
        { numRuns: Number(process.env.PROPERTY_RUNS ?? 250) },
      )
    },
  )

  async function run(steps: Step[], stream: boolean): Promise<void> {
    const spec = newSpec({ stream })
    const { id } = spec
    const keys = jobKeys(id)
    const writer = new LogWriter(redis, new LivePublisher(redis))
    const owners: Owner[] = []
    const ends: string[] = []
    let tokens = 0
    const job = { spec, body: Buffer.from('{}'), reader: null }
    await createJob(jobs, job)

    const pick = (number: number): Owner | undefined =>
      owners[owners.length - 1 - (number % Math.max(1, owners.length))]
    const current = () => redis.hget(keys.record, 'delivery').then(Number)
    /** Only the current owner of a running job may change it. */
    const owns = async ({ fence }: Owner) => {
      const [status, now] = await redis.hmget(keys.record, 'status', 'fence')
      return status === 'in_progress' && Number(now) === fence
    }
    /** The first attempt is written down and can be taken back. */
    const onTrial = async () => {
      const [status, trial, fence] = await redis.hmget(keys.record, 'status', 'trial', 'fence')
      return status === 'in_progress' && trial === '1' && fence === '1'
    }
    /** Numbers of attempts that are written down and not closed, also of one on trial. */
    const openAttempts = async () => {
      const fields = await redis.hgetall(keys.record)
      const numbers = Array.from({ length: Number(fields.attempts) }, (_, i) => i + 1)
      return numbers.filter((number) => fields[`b${number}`] && !fields[`e${number}`])
    }
    const bills = new Map<number, Attempt>()
    /** A closed attempt's bill never changes again. */
    const checkBills = async () => {
      for (const attempt of (await readJob(jobs, id))!.attempts) {
        const billed = bills.get(attempt.number)
        if (billed) expect(attempt).toEqual(billed)
        else if (attempt.status !== 'in_progress') bills.set(attempt.number, attempt)
      }
    }

    async function take(s: Step): Promise<void> {
      switch (s.do) {
        case 'recreate':
          expect(await createJob(jobs, job)).toBeNull()
          return
        case 'deliver': {
          const token = `t${tokens++}`
          const beginning = s.begins ? newBeginning(1, 1) : null
          const options = { owner: `w${s.owner}`, suspect: s.suspect, token, beginning, trial: true }
          const [before, attempts] = (await redis.hmget(keys.record, 'fence', 'attempts')).map(Number)
          const delivery = { jobId: id, delivery: (await current()) - s.delivery }
          let verdict = await claimJob(jobs, delivery, options)
          if (s.lostReply) {
            const again = await claimJob(jobs, delivery, options)
            if (verdict.kind === 'claimed') {
              const { fence, begun, nextSeq } = verdict.claim
              expect(again).toMatchObject({ kind: 'claimed', claim: { fence, begun, nextSeq } })
            }
            verdict = again
          }
          if (verdict.kind !== 'claimed') return
          const { claim } = verdict
          expect(claim.begun).toBe(s.begins && before === 0 && attempts === 0)
          // Fences only ever rise.
          for (const { fence } of owners) expect(claim.fence).toBeGreaterThan(fence)
          const log = writer.open(id, { fence: claim.fence, nextSeq: claim.nextSeq, readers: [], onFenced: () => {} })
          owners.push({ claim, fence: claim.fence, log, token })
          if (claim.begun && s.full) {
            // Its deployment has no capacity: nothing of the attempt is left, however often this is said.
            for (let i = 0; i < (s.lostReply ? 2 : 1); i++) {
              expect(await withdrawAttempt(jobs, id, claim.fence)).toEqual({ withdrawn: true })
            }
            expect((await readJob(jobs, id))!.attempts).toEqual([])
            if (!stream) expect((await readEvents(jobs, claim.record, -1)).at(-1)!.event).toBe('job.status')
          }
          return
        }
        case 'begin': {
          const owner = pick(s.by)
          if (!owner) return
          const number = Number(await redis.hget(keys.record, 'attempts')) + 1
          // A hedge beside an open attempt, and no third one beside both.
          const open = await openAttempts()
          if (open.length === 2) return
          const allowed = await owns(owner)
          expect((await beginAttempt(jobs, id, newBeginning(number, owner.fence))).owned).toBe(allowed)
          if (!allowed) return
          if (number > 1) expect(await onTrial()).toBe(false)
          expect(await openAttempts()).toEqual([...open, number])
          return
        }
        case 'withdraw': {
          const owner = pick(s.by)
          if (!owner) return
          const [attempts, ended] = await redis.hmget(keys.record, 'attempts', 'e1')
          const possible = attempts === '0' || (attempts === '1' && (await onTrial()) && ended === null)
          const allowed = (await owns(owner)) && possible
          expect(await withdrawAttempt(jobs, id, owner.fence)).toEqual({ withdrawn: allowed })
          return
        }
        case 'append': {
          const owner = pick(s.by)
          if (!owner || !stream) return
          const [status, fence] = await redis.hmget(keys.record, 'status', 'fence')
          const before = await redis.xlen(keys.events)
          void owner.log.append(`{"fence":${owner.fence}}`)
          await owner.log.flushed()
          const stored = (await redis.xlen(keys.events)) > before
          // Whoever is fenced out, or comes after the end, is refused by Redis; the owner is not.
          if (Number(fence) === owner.fence && status === 'in_progress') expect(stored).toBe(true)
          else if (status !== 'queued') expect(stored).toBe(false)
          return
        }
        case 'end':
        case 'release':
        case 'advance':
        case 'settle': {
          const owner = pick(s.by)
          if (!owner) return
          // Who owns an attempt on trial knows of it, though nobody is shown it.
          const theirs =
            (await onTrial()) && owner.fence === 1
              ? [1]
              : (await readJob(jobs, id))!.attempts
                  .filter(({ fence, status }) => fence === owner.fence && status === 'in_progress')
                  .map(({ number }) => number)
          const number = s.second ? theirs.at(-1) : theirs[0]
          const allowed = await owns(owner)
          const ending = newEnding('ok' in s && s.ok ? 'completed' : 'failed', ++tokens)
          const attempt = number === undefined ? undefined : { number, ending }
          if (s.do === 'end') {
            if (number !== undefined) {
              await endAttempt(jobs, id, owner.fence, newBeginning(number, owner.fence), ending)
            }
          } else if (s.do === 'release') {
            // The last release may be repeated (its reply was lost): it gets its first answer.
            const [status, fence, by] = await redis.hmget(keys.record, 'status', 'fence', 'released')
            const repeated = status === 'queued' && Number(fence) === owner.fence && Number(by) === owner.fence
            const { released } = await releaseJob(jobs, id, { fence: owner.fence, notBeforeMs: null, attempt })
            expect(released).toBe(allowed || repeated)
            if (allowed) expect(await openAttempts()).toEqual([])
          } else if (s.do === 'advance') {
            const advance = {
              delivery: owner.claim.record.delivery,
              hop: 1,
              lane: 'frontier.openai',
              fence: owner.fence,
              attempt,
            }
            const first = await advanceJob(jobs, id, advance)
            if (allowed) {
              expect(first).not.toBeNull()
              expect(await openAttempts()).toEqual([])
            }
            if (s.lostReply && first) {
              expect(await advanceJob(jobs, id, advance)).toMatchObject({ delivery: first.delivery })
            }
          } else if ('ok' in s) {
            const token = `s${tokens++}`
            const status = s.ok ? 'completed' : 'failed'
            const failure = s.ok
              ? null
              : { status: 502, error: { message: 'x', type: 'server_error', param: null, code: 'provider_error' } }
            const how = { status, failure, body: s.ok && !stream ? '{"ok":true}' : null, attempt } as const
            const first = await settleJob(jobs, spec, { fence: owner.fence }, how, token)
            if (first) ends.push(status)
            expect(first !== null).toBe(allowed)
            if (s.lostReply) {
              const again = await settleJob(jobs, spec, { fence: owner.fence }, how, token)
              expect(again?.entry).toEqual(first?.entry)
            }
          }
          return
        }
        case 'restart': {
          const owner = pick(s.by)
          if (!owner || !stream) return
          const allowed = await owns(owner)
          const restarted = await restartLog(jobs, id, owner.fence)
          expect(restarted.kind === 'lost').toBe(!allowed)
          if (restarted.kind !== 'emptied') return
          owner.fence = restarted.fence
          owner.log = writer.open(id, { fence: owner.fence, nextSeq: 0, readers: [], onFenced: () => {} })
          return
        }
        case 'show': {
          if (await onTrial()) expect((await readJob(jobs, id))!.attempts).toEqual([])
          await confirmAttempts(jobs, [id])
          const shown = (await readJob(jobs, id))!.attempts.length
          expect(await redis.hget(keys.record, 'attempts')).toBe(`${shown}`)
          return
        }
        case 'read':
          await redis.hset(keys.record, 'read', 1)
          return
        case 'cancel':
          if (await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })) {
            ends.push('cancelled')
          }
          return
        case 'deadline': {
          const delivery = await current()
          const how = { status: 'expired', failure: null, body: null } as const
          if (await settleJob(jobs, spec, { queuedDelivery: delivery }, how)) ends.push('expired')
          return
        }
        case 'crash':
          if ((await redis.hget(keys.record, 'status')) === 'in_progress') await redis.hset(keys.record, 'lease', 1)
          return
        case 'sweep':
          await redis.zadd(keys.due, 1, id)
          await lookAtDue(jobs, { suspectLane: 'suspect' })
      }
    }

    for (const s of steps) {
      await take(s)
      await checkBills()
    }
    await take({ do: 'cancel' })
    // The owner of a cancelled job never tells: its lease ends and the sweeper closes what is open.
    await redis.hset(keys.record, 'lease', 1)
    await take({ do: 'sweep' })

    expect(ends).toHaveLength(1)
    const record = (await readJob(jobs, id))!
    expect(record.status).toBe(ends[0])

    const entries = await readEvents(jobs, record, -1)
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i))
    expect(entries.filter(({ terminal }) => terminal !== null)).toHaveLength(1)
    expect(entries.at(-1)!.terminal).toBe(ends[0])
    // Redis ids order entries by fence: nothing of an older owner stands behind a newer one's.
    const raw = (await redis.xrange(keys.events, '-', '+')) as RawEntry[]
    const fences = raw.map(([entryId]) => Number(entryId.split('-')[0]))
    expect(fences).toEqual([...fences].sort((a, b) => a - b))

    for (const attempt of record.attempts) expect(attempt.status).not.toBe('in_progress')
    const rows = (await redis.xrange(keys.outbox, '-', '+')).filter(([, fields]) => fields[1] === id)
    const owed = rows.map(([, fields]) => Number(fields[3])).sort((a, b) => a - b)
    // Its acceptance and its attempts, and its end once: in the row of the attempt that ended with it, or in one of its own.
    const attempts = record.attempts.map(({ number }) => number)
    const endRows = rows.filter(([, fields]) => fields.includes('e')).map(([, fields]) => Number(fields[3]))
    expect(endRows).toHaveLength(1)
    expect(owed).toEqual([0, ...(endRows[0] === 0 ? [0] : []), ...attempts])
    expect(await redis.zscore(keys.due, id)).not.toBeNull()
    await redis.xdel(keys.outbox, ...rows.map(([rowId]) => rowId))
    await redis.zrem(keys.due, id)
  }
})
