import type { JobSpec } from '@switchyard/contract/job'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advanceJob } from './advance-job.ts'
import { archiveJob } from './archive-job.ts'
import { beginAttempt } from './begin-attempt.ts'
import { type Claim, claimJob } from './claim-job.ts'
import { confirmAttempts } from './confirm-attempts.ts'
import { createJob } from './create-job.ts'
import { ARCHIVE_AFTER_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { LivePublisher } from './live-publisher.ts'
import { LogWriter } from './log-writer.ts'
import { lookAtDue } from './look-at-due.ts'
import { readEvents } from './read-events.ts'
import { readJob } from './read-job.ts'
import { readResult } from './read-result.ts'
import { releaseJob } from './release-job.ts'
import { renewLeases } from './renew-leases.ts'
import { restartLog } from './restart-log.ts'
import { type Ending, settleJob } from './settle-job.ts'
import { newBeginning, newEnding } from './testing/new-attempt.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'
import { withdrawAttempt } from './withdraw-attempt.ts'

describe.each(SERVERS)('a job on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs

  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'jobs-test' })
    jobs = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  async function accept(over: Parameters<typeof newSpec>[0] = {}) {
    const spec = newSpec(over)
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
    return spec
  }
  async function claim(
    jobId: string,
    options: { owner?: string; delivery?: number; leaseMs?: number; suspect?: boolean } = {},
  ) {
    const { owner = 'w1', delivery = 1, leaseMs, suspect = false } = options
    return claimJob(jobs, { jobId, delivery }, { owner, suspect, leaseMs })
  }
  async function claimed(jobId: string, options: Parameters<typeof claim>[1] = {}): Promise<Claim> {
    const verdict = await claim(jobId, options)
    if (verdict.kind !== 'claimed') throw new Error(`not claimed: ${verdict.kind}`)
    return verdict.claim
  }
  /** Its owner vanished; somebody else claims the same delivery. */
  async function claimedAgain(jobId: string): Promise<Claim> {
    await redis.hset(jobKeys(jobId).record, 'lease', 1)
    return claimed(jobId, { owner: 'heir' })
  }
  function logOf(jobId: string, { fence, nextSeq }: Claim, onFenced = () => {}) {
    return new LogWriter(redis, new LivePublisher(redis)).open(jobId, { fence, nextSeq, readers: [], onFenced })
  }
  /** Makes a lease end now, as if its time had passed. */
  async function lapse(jobId: string): Promise<void> {
    const keys = jobKeys(jobId)
    await redis.hset(keys.record, 'lease', 1)
    await redis.zadd(keys.due, 1, jobId)
  }
  async function look(jobId: string) {
    await redis.zadd(jobKeys(jobId).due, 1, jobId)
    for (;;) {
      const { findings, more } = await lookAtDue(jobs, { suspectLane: 'suspect' })
      const finding = findings.find((candidate) => candidate.jobId === jobId)
      if (finding || !more) return finding ?? null
    }
  }

  it('goes straight through: accepted, claimed, attempted, streamed, settled, read', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    expect(held).toMatchObject({ fence: 1, nextSeq: 0, request: '{}' })
    expect(await beginAttempt(jobs, spec.id, newBeginning(1, held.fence))).toMatchObject({ owned: true })
    const log = logOf(spec.id, held)
    void log.append('{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}')
    void log.append('{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}')
    await log.flushed()
    const settled = await settleJob(
      jobs,
      spec,
      { fence: held.fence },
      { status: 'completed', failure: null, body: null, attempt: { number: 1, ending: newEnding('completed') } },
    )
    expect(settled?.entry).toEqual({ seq: 2, event: null, data: '[DONE]', terminal: 'completed' })

    const record = (await readJob(jobs, spec.id))!
    expect(record).toMatchObject({
      status: 'completed',
      attempts: [{ number: 1, status: 'completed', costNanoUsd: 500 }],
    })
    const entries = await readEvents(jobs, record, -1)
    expect(entries.map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(await readEvents(jobs, record, 1)).toEqual(entries.slice(2))
    const result = await readResult(jobs, record)
    expect(JSON.parse(String(result.body)).choices[0].message.content).toBe('Hello')
  })

  it('keeps the events of a job that is not streamed in its record, any number of them, and in its archive', async () => {
    const spec = await accept({ stream: false })
    const expected = ['job.status']
    for (let number = 1; number <= 5; number++) {
      const held = await claimed(spec.id, { owner: `w${number}` })
      await beginAttempt(jobs, spec.id, newBeginning(number, held.fence))
      if (number === 5) break
      const attempt = { number, ending: newEnding('failed', number) }
      await releaseJob(jobs, spec.id, { fence: held.fence, notBeforeMs: null, attempt })
      expected.push('job.status', 'job.attempt', 'job.status')
    }
    const { record } = await claimedAgain(spec.id)
    expect(record.attempts.map(({ number, status }) => [number, status])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'failed'],
      [4, 'failed'],
      [5, 'lost'],
    ])
    const held = { fence: record.fence }
    await settleJob(jobs, spec, held, { status: 'completed', failure: null, body: '{"done":"ü"}' })
    expected.push('job.status', 'job.attempt', 'job.status', 'job.completed')

    const before = (await readJob(jobs, spec.id))!
    expect(before.attempts).toEqual(record.attempts)
    const events = await readEvents(jobs, before, -1)
    expect(events.map(({ seq, event }) => [seq, event])).toEqual(expected.map((event, seq) => [seq, event]))
    expect(events.filter(({ terminal }) => terminal !== null)).toEqual([events.at(-1)])
    expect(await readEvents(jobs, before, 2)).toEqual(events.slice(3))
    expect(await readResult(jobs, before)).toEqual({ status: 200, body: '{"done":"ü"}' })

    await archiveJob(jobs, spec.id)
    const fields = await redis.hkeys(jobKeys(spec.id).record)
    expect(fields.filter((name) => /^(v\d+|request|result|readers)$/.test(name))).toEqual([])
    expect(await readEvents(jobs, before, 2)).toEqual(events.slice(3))
    expect(await readResult(jobs, before)).toMatchObject({ status: 200, body: '{"done":"ü"}' })
  })

  it.each([true, false])(
    'begins its first attempt with its first claim, and takes it back unseen (stream: %s)',
    async (stream) => {
      const spec = await accept({ stream })
      const beginning = newBeginning(1, 1)
      const deliver = (jobId: string) =>
        claimJob(jobs, { jobId, delivery: 1 }, { owner: 'w1', suspect: false, beginning, trial: true })
      const first = (await deliver(spec.id)) as { claim: Claim }
      expect(first.claim).toMatchObject({ fence: 1, begun: true, record: { attempts: [] } })
      expect(await deliver(spec.id)).toMatchObject({ kind: 'held', tried: true })
      expect(await withdrawAttempt(jobs, spec.id, 1)).toEqual({ withdrawn: true })
      const bare = (await readJob(jobs, spec.id))!
      expect(bare.attempts).toEqual([])
      if (!stream) expect(await readEvents(jobs, bare, -1)).toHaveLength(2)
      // Its number is free again.
      expect(await beginAttempt(jobs, spec.id, beginning)).toEqual({ owned: true })
      expect((await readJob(jobs, spec.id))!.attempts).toMatchObject([{ number: 1, status: 'in_progress' }])
      if (!stream) expect(await readEvents(jobs, bare, 1)).toMatchObject([{ seq: 2, event: 'job.attempt' }])
      expect(await withdrawAttempt(jobs, spec.id, 1)).toEqual({ withdrawn: false })
    },
  )

  it.each([true, false])(
    'shows an attempt on trial to nobody, and does not take it back once it is confirmed (stream: %s)',
    async (stream) => {
      const spec = await accept({ stream })
      const options = { owner: 'w1', suspect: false, beginning: newBeginning(1, 1), trial: true }
      const { claim: held } = (await claimJob(jobs, { jobId: spec.id, delivery: 1 }, options)) as { claim: Claim }
      const shown = async () => [
        (await readJob(jobs, spec.id))!.attempts.length,
        (await readEvents(jobs, held.record, -1)).length,
      ]
      expect(await shown()).toEqual([0, stream ? 0 : 2])
      await confirmAttempts(jobs, [spec.id])
      expect(await shown()).toEqual([1, stream ? 0 : 3])
      expect(await withdrawAttempt(jobs, spec.id, 1)).toEqual({ withdrawn: false })
      // As after a crash between the claim and the call.
      const heir = await claimedAgain(spec.id)
      expect(heir).toMatchObject({ begun: false, record: { attempts: [{ status: 'lost', costNanoUsd: 1_000 }] } })
    },
  )

  it('is ended by its owner while its last lines are still on their way, and not in front of them', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    await beginAttempt(jobs, spec.id, newBeginning(1, held.fence))
    const log = logOf(spec.id, held)
    const ending = {
      status: 'completed',
      failure: null,
      body: null,
      attempt: { number: 1, ending: newEnding('completed') },
    } as const
    for (const n of [0, 1, 2]) void log.append(`{"n":${n}}`)
    // Not sent yet, so this is faster; and with this token nobody gets another answer.
    const settled = await settleJob(jobs, spec, { fence: held.fence, log }, ending, 'same')
    expect(settled?.entry).toMatchObject({ seq: 3, data: '[DONE]' })
    expect(await settleJob(jobs, spec, { fence: held.fence, log }, ending, 'same')).toMatchObject({
      entry: settled!.entry,
      rowId: settled!.rowId,
    })
    const record = (await readJob(jobs, spec.id))!
    const entries = await readEvents(jobs, record, -1)
    expect(entries.map(({ seq, data }) => [seq, data])).toEqual([
      [0, '{"n":0}'],
      [1, '{"n":1}'],
      [2, '{"n":2}'],
      [3, '[DONE]'],
    ])
    const rows = (await redis.xrange(jobKeys(spec.id).outbox, '-', '+')).filter(([, fields]) => fields[1] === spec.id)
    expect(rows).toHaveLength(2)
  })

  it('is created once, whatever is repeated', async () => {
    const spec = newSpec()
    const job = { spec, body: Buffer.from('{}'), reader: null }
    expect(await createJob(jobs, job)).not.toBeNull()
    expect(await createJob(jobs, job)).toBeNull()
  })

  it('gives a repeated claim its first answer and refuses another owner while the lease lives', async () => {
    const { id } = await accept()
    const first = await claimJob(jobs, { jobId: id, delivery: 1 }, { owner: 'w1', suspect: false, token: 'same' })
    const again = await claimJob(jobs, { jobId: id, delivery: 1 }, { owner: 'w1', suspect: false, token: 'same' })
    expect(again).toMatchObject({ kind: 'claimed', claim: { fence: (first as { claim: Claim }).claim.fence } })
    expect(await claim(id, { owner: 'w2' })).toMatchObject({ kind: 'held' })
  })

  it('drops deliveries that are old, unknown or of an ended job', async () => {
    const spec = await accept()
    expect(await claim(spec.id, { delivery: 7 })).toMatchObject({ kind: 'drop' })
    expect(await claim(newSpec().id)).toMatchObject({ kind: 'unknown' })
    await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    expect(await claim(spec.id)).toMatchObject({ kind: 'drop' })
  })

  it('refuses a zombie: its appends by Redis itself, its settle by the fence', async () => {
    const spec = await accept()
    const zombie = await claimed(spec.id)
    let fenced = 0
    const zombieLog = logOf(spec.id, zombie, () => fenced++)
    void zombieLog.append('{"from":"zombie"}')
    await zombieLog.flushed()
    await lapse(spec.id)
    const heir = await claimed(spec.id, { owner: 'w2' })
    expect(heir.fence).toBeGreaterThan(zombie.fence)
    expect(heir.nextSeq).toBe(1)

    void zombieLog.append('{"late":true}')
    await zombieLog.flushed()
    expect(fenced).toBe(1)
    expect(
      await settleJob(jobs, spec, { fence: zombie.fence }, { status: 'completed', failure: null, body: null }),
    ).toBeNull()

    const log = logOf(spec.id, heir)
    void log.append('{"from":"heir"}')
    await log.flushed()
    const entries = await readEvents(jobs, (await readJob(jobs, spec.id))!, -1)
    expect(entries.map(({ seq, data }) => [seq, data])).toEqual([
      [0, '{"from":"zombie"}'],
      [1, '{"from":"heir"}'],
    ])
  })

  it('closes the open attempt of a vanished owner as lost, at its estimate, and counts one crash', async () => {
    const spec = await accept()
    const first = await claimed(spec.id)
    await beginAttempt(jobs, spec.id, newBeginning(1, first.fence))
    await lapse(spec.id)
    expect(await look(spec.id)).toMatchObject({ kind: 'redeliver', lane: 'frontier.anthropic', delivery: 2 })
    expect(await readJob(jobs, spec.id)).toMatchObject({
      status: 'queued',
      crashes: 1,
      attempts: [{ status: 'lost', usageSource: 'estimate', costNanoUsd: 1_000, errorClass: 'worker_lost' }],
    })
    expect(await claim(spec.id, { delivery: 1 })).toMatchObject({ kind: 'drop' })
    expect(await claim(spec.id, { delivery: 2, owner: 'w2' })).toMatchObject({ kind: 'claimed' })
  })

  it.each(['claim', 'sweep'])('closes both attempts of an owner that vanished while a hedge ran (%s)', async (how) => {
    const spec = await accept()
    const { fence } = await claimed(spec.id)
    for (const number of [1, 2]) await beginAttempt(jobs, spec.id, newBeginning(number, fence))
    if (how === 'claim') await claimedAgain(spec.id)
    else {
      await lapse(spec.id)
      await look(spec.id)
    }
    const lost = { status: 'lost', usageSource: 'estimate', costNanoUsd: 1_000 }
    expect((await readJob(jobs, spec.id))!.attempts).toMatchObject([
      { number: 1, ...lost },
      { number: 2, ...lost },
    ])
  })

  it('isolates a job after two vanished owners and quarantines it after the third', async () => {
    const spec = await accept()
    await claimed(spec.id)
    await lapse(spec.id)
    await look(spec.id)
    await claimed(spec.id, { delivery: 2, owner: 'w2' })
    await lapse(spec.id)
    expect(await look(spec.id)).toMatchObject({ kind: 'redeliver', lane: 'suspect', delivery: 3 })
    expect(await claim(spec.id, { delivery: 3, owner: 'w3' })).toMatchObject({ kind: 'suspect' })
    await claimed(spec.id, { delivery: 3, owner: 's1', suspect: true })
    await lapse(spec.id)
    expect(await look(spec.id)).toMatchObject({ kind: 'quarantine', delivery: 4 })
  })

  it('does not count a release as a crash, and defers until its moment', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    const later = Date.now() + 60_000
    expect(await releaseJob(jobs, spec.id, { fence: held.fence, notBeforeMs: later })).toMatchObject({ released: true })
    expect(await claim(spec.id, { owner: 'w2' })).toMatchObject({ kind: 'early', inMs: expect.closeTo(60_000, -3) })
    expect(await readJob(jobs, spec.id)).toMatchObject({ status: 'queued', crashes: 0, notBeforeMs: later })
  })

  it('falls back under the next delivery number, once', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    const advance = { delivery: 1, hop: 1, lane: 'frontier.openai', fence: held.fence }
    expect(await advanceJob(jobs, spec.id, advance)).toMatchObject({ delivery: 2 })
    expect(await advanceJob(jobs, spec.id, advance)).toMatchObject({ delivery: 2 })
    expect(await readJob(jobs, spec.id)).toMatchObject({ hop: 1, lane: 'frontier.openai', delivery: 2, crashes: 0 })
  })

  it('ends once: the first terminal status wins, a repeat gets the first answer', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    const ending = { status: 'completed', failure: null, body: null } as const
    const first = await settleJob(jobs, spec, { fence: held.fence }, ending, 'token')
    const again = await settleJob(jobs, spec, { fence: held.fence }, ending, 'token')
    expect(again?.entry).toEqual(first?.entry)
    expect(await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })).toBeNull()
    const entries = await readEvents(jobs, (await readJob(jobs, spec.id))!, -1)
    expect(entries.filter(({ terminal }) => terminal !== null)).toHaveLength(1)
  })

  it('books the attempt of a cancelled job when its owner tells, once', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    await beginAttempt(jobs, spec.id, newBeginning(1, held.fence))
    const cancelled = await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    expect(cancelled?.owner).toBe('w1')
    const late = {
      status: 'failed',
      failure: null,
      body: null,
      attempt: { number: 1, ending: newEnding('cancelled', 7) },
    } as const
    expect(await settleJob(jobs, spec, { fence: held.fence }, late)).toBeNull()
    expect(await readJob(jobs, spec.id)).toMatchObject({
      status: 'cancelled',
      attempts: [{ status: 'cancelled', costNanoUsd: 7 }],
    })
  })

  it('empties an unread log and starts again from 0; refuses once somebody has read', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    const log = logOf(spec.id, held)
    void log.append('{"old":1}')
    await log.flushed()
    const restarted = await restartLog(jobs, spec.id, held.fence)
    expect(restarted).toEqual({ kind: 'emptied', fence: held.fence + 1 })
    await redis.hset(jobKeys(spec.id).record, 'read', 1)
    expect(await restartLog(jobs, spec.id, held.fence + 1)).toEqual({ kind: 'read' })
    // Its reply was lost: a repeat gets the first answer. Anybody else does not.
    expect(await restartLog(jobs, spec.id, held.fence)).toEqual(restarted)
    expect(await restartLog(jobs, spec.id, held.fence - 1)).toEqual({ kind: 'lost' })
  })

  it('renews leases of many partitions at once and tells which are no longer ours', async () => {
    const specs = await Promise.all(Array.from({ length: 20 }, () => accept()))
    const held = await Promise.all(specs.map(async ({ id }) => ({ jobId: id, fence: (await claimed(id)).fence })))
    await settleJob(jobs, specs[0]!, { any: true }, { status: 'cancelled', failure: null, body: null })
    const renewals = await renewLeases(jobs, 'w1', held)
    expect(renewals.get(specs[0]!.id)).toEqual({ kind: 'lost' })
    expect([...renewals.values()].filter(({ kind }) => kind === 'owned')).toHaveLength(19)
  })

  it('finds out that nobody follows a job any more', async () => {
    const spec = newSpec({ onDisconnect: 'cancel' })
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: { id: 'i1', interest: 'all' } })
    const held = await claimed(spec.id)
    const own = [{ jobId: spec.id, fence: held.fence }]
    expect((await renewLeases(jobs, 'w1', own)).get(spec.id)).toEqual({
      kind: 'owned',
      readers: [{ id: 'i1', interest: 'all' }],
    })
    // The ingress vanished: its registration has lapsed longer ago than the grace period.
    await redis.hset(jobKeys(spec.id).record, 'readers', 'i1=1')
    expect((await renewLeases(jobs, 'w1', own)).get(spec.id)).toEqual({ kind: 'orphaned' })
  })

  it('expires a queued job whose deadline has passed, before any call', async () => {
    const spec = await accept({ deadlineMs: Date.now() - 1 })
    expect(await claim(spec.id)).toMatchObject({ kind: 'expired' })
    expect(await look(spec.id)).toMatchObject({ kind: 'expire', delivery: 1 })
  })

  it('is looked at again when it expires, or a minute after its end where an attempt may still be open', async () => {
    const ending = { status: 'cancelled', failure: null, body: null } as const
    const begun = async () => {
      const spec = await accept()
      const held = await claimed(spec.id)
      await beginAttempt(jobs, spec.id, newBeginning(1, held.fence))
      return spec
    }
    const lookInMs = async (spec: JobSpec, attempt?: Ending['attempt']) => {
      const settled = await settleJob(jobs, spec, { any: true }, { ...ending, attempt })
      return Number(await redis.zscore(jobKeys(spec.id).due, spec.id)) - settled!.settledAtMs
    }
    const spec = await accept()
    expect(await lookInMs(spec)).toBe(spec.keepMs)
    expect(await lookInMs(await begun(), { number: 1, ending: newEnding('cancelled') })).toBe(spec.keepMs)
    expect(await lookInMs(await begun())).toBe(ARCHIVE_AFTER_MS)
    const twice = await begun()
    await beginAttempt(jobs, twice.id, newBeginning(2, 1))
    expect(await lookInMs(twice, { number: 2, ending: newEnding('cancelled') })).toBe(ARCHIVE_AFTER_MS)
  })

  it('moves into the archive and is read from there, byte for byte', async () => {
    const spec = await accept()
    const held = await claimed(spec.id)
    const log = logOf(spec.id, held)
    void log.append('{"choices":[{"index":0,"delta":{"content":"ünï\\u0000"},"finish_reason":"stop"}]}')
    await log.flushed()
    await settleJob(jobs, spec, { fence: held.fence }, { status: 'completed', failure: null, body: null })
    const before = (await readJob(jobs, spec.id))!
    const [events, result] = [await readEvents(jobs, before, -1), await readResult(jobs, before)]
    expect(await look(spec.id)).toEqual({ kind: 'archive', jobId: spec.id })
    await archiveJob(jobs, spec.id)
    const keys = jobKeys(spec.id)
    expect(await redis.exists(keys.events)).toBe(0)
    expect(await redis.hmget(keys.record, 'request', 'result', 'readers')).toEqual([null, null, null])
    // A reader that looked at the record before the archive finds it all the same.
    expect(await readEvents(jobs, before, -1)).toEqual(events)
    const after = (await readJob(jobs, spec.id))!
    expect(await readEvents(jobs, after, -1)).toEqual(events)
    expect(await readResult(jobs, after)).toEqual(result)
  })
})
