import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listDeliveries } from './deliveries.ts'
import { eventIdOf, parseEventId } from './event-id.ts'
import { readFeed } from './feed.ts'
import { PROJECTS_KEY, projectKeys } from './keys.ts'
import { type JobEnd, recordEnds } from './record-ends.ts'
import { type NewEvent, recordEvents } from './record-events.ts'
import { openProject, type ProjectBundle } from './testing/project-bundle.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('recordEvents on %s', (_name, url) => {
  let bundle: ProjectBundle
  let other: ProjectBundle
  beforeEach(async () => {
    bundle = await openProject(url)
    other = await openProject(url)
  })
  afterEach(async () => {
    await bundle.close()
    await other.close()
  })

  function event(n: number, over: Partial<NewEvent> = {}): NewEvent {
    return {
      project: bundle.project,
      effectId: `batch_${n}.end.feed`,
      type: 'batch.completed',
      dataId: `batch_${n}`,
      atMs: 1_790_000_000_500,
      ...over,
    }
  }

  async function feed(after: string | null = null, limit = 1_000) {
    return readFeed(bundle.redis, bundle.project, after, limit)
  }

  it('makes one event of an effect, however often and by whomever it is told', async () => {
    const events = [event(1), event(2), event(1)]
    await Promise.all([recordEvents(bundle.redis, events), recordEvents(bundle.redis, [event(2), event(3)])])
    await recordEvents(bundle.redis, events)
    const { events: found } = await feed()
    expect(found.map(({ data }) => data.id).toSorted()).toEqual(['batch_1', 'batch_2', 'batch_3'])
    expect(found[0]).toEqual({
      id: expect.stringMatching(/^evt_[0-9A-Z]{26}$/),
      object: 'event',
      type: 'batch.completed',
      created_at: 1_790_000_000,
      data: { id: expect.any(String) },
    })
    expect(new Set(found.map(({ id }) => id)).size).toBe(3)
  })

  it('takes any number of events of several projects at once', async () => {
    const events = Array.from({ length: 230 }, (_, i) => event(i, i % 2 === 0 ? {} : { project: other.project }))
    expect(await recordEvents(bundle.redis, events)).toEqual(events.map(() => null))
    expect((await feed()).events.map(({ data }) => data.id)).toEqual(
      events.filter((_, i) => i % 2 === 0).map(({ dataId }) => dataId),
    )
    expect((await readFeed(other.redis, other.project, null, 1_000)).events).toHaveLength(115)
  })

  it('is read on from an event, in pages that neither skip nor repeat', async () => {
    await recordEvents(
      bundle.redis,
      Array.from({ length: 95 }, (_, i) => event(i)),
    )
    const seen: string[] = []
    let after: string | null = null
    for (let more = true; more; ) {
      const page = await feed(after, 10)
      seen.push(...page.events.map(({ data }) => data.id))
      after = page.events.at(-1)!.id
      more = page.hasMore
    }
    expect(seen).toEqual(Array.from({ length: 95 }, (_, i) => `batch_${i}`))
    expect(await feed(after)).toEqual({ events: [], hasMore: false })
    await recordEvents(bundle.redis, [event(95)])
    expect((await feed(after)).events.map(({ data }) => data.id)).toEqual(['batch_95'])
  })

  it('tells a cursor that was never one from one that is too old', async () => {
    await recordEvents(bundle.redis, [event(1), event(2)])
    const [first] = (await feed()).events
    const { entryId, effect } = parseEventId(first!.id, 'after')
    const atMs = Number(entryId.split('-')[0])
    expect(eventIdOf(entryId, effect)).toBe(first!.id)
    for (const wrong of [
      '',
      'x',
      'evt_',
      `${first!.id}0`,
      eventIdOf(`${atMs + 60_000}-0`, effect),
      `${first!.id.slice(0, -1)}0`,
    ]) {
      if (wrong === first!.id) continue
      await expect(feed(wrong)).rejects.toMatchObject({ code: 'invalid_cursor', param: 'after' })
    }
    const old = eventIdOf(`${atMs - 80 * 3_600_000}-0`, effect)
    await expect(feed(old)).rejects.toMatchObject({ code: 'stream_expired' })
    await bundle.redis.xdel(projectKeys(bundle.project).events, entryId)
    await expect(feed(first!.id)).rejects.toMatchObject({ code: 'stream_expired' })
    await bundle.redis.del(projectKeys(bundle.project).events)
    await expect(feed(old)).rejects.toMatchObject({ code: 'stream_expired' })
  })

  it('keeps no project awake that has nobody to tell', async () => {
    await bundle.end()
    expect(await bundle.redis.hexists(PROJECTS_KEY, bundle.project)).toBe(0)
    const keys = projectKeys(bundle.project)
    const kept = await Promise.all([keys.queues, keys.types, keys.endpoints].map((key) => bundle.redis.exists(key)))
    expect(kept).toEqual([0, 0, 0])
    await bundle.endpoint(['job.failed'])
    await bundle.end()
    expect(await bundle.redis.hexists(PROJECTS_KEY, bundle.project)).toBe(0)
    await bundle.end({ status: 'failed' })
    expect(await bundle.redis.hget(PROJECTS_KEY, bundle.project)).toBe('1')
  })

  it('wakes again for an effect that was recorded by somebody who died before he could', async () => {
    await bundle.endpoint(['job.completed'])
    const end = await bundle.end()
    await bundle.redis.hdel(PROJECTS_KEY, bundle.project)
    await recordEnds(bundle.redis, [end])
    expect(await bundle.redis.hexists(PROJECTS_KEY, bundle.project)).toBe(1)
    expect((await bundle.take()).tries).toHaveLength(1)
  })

  it('delivers to whoever wants the type, and once where the job names the same endpoint', async () => {
    const wants = await bundle.endpoint(['job.completed', 'job.failed'])
    const wantsOther = await bundle.endpoint(['job.cancelled'])
    await bundle.end()
    await bundle.end({ webhook: { endpoint: wants } })
    await bundle.end({ webhook: { endpoint: wantsOther } })
    await bundle.end({ webhook: { endpoint: 'whe_00000000000000000000000000' } })
    const counts = await Promise.all(
      [wants, wantsOther].map(
        async (id) => (await listDeliveries(bundle.redis, bundle.project, id, { limit: 100 })).data.length,
      ),
    )
    expect(counts).toEqual([4, 1])
  })

  it.each<[string, Partial<JobEnd>, string[]]>([
    ['a chat job', {}, ['job.completed']],
    ['a response', { endpoint: '/v1/responses' }, ['response.completed']],
    ['a response that was cut', { endpoint: '/v1/responses', incomplete: true }, ['response.incomplete']],
    ['a response that expired', { endpoint: '/v1/responses', status: 'expired' }, ['response.failed']],
    ['a cancelled response', { endpoint: '/v1/responses', status: 'cancelled' }, ['response.cancelled']],
  ])("tells a job's own URL of the end of %s", async (_what, over, types) => {
    const end = await bundle.end({ ...over, webhook: { url: 'https://example.com/own?token=1', events: null } })
    const { tries } = await bundle.take()
    expect(tries.map((each) => each.event.type)).toEqual(types)
    expect(tries[0]).toMatchObject({ url: 'https://example.com/own?token=1', owner: 'default' })
    const isResponse = over.endpoint !== undefined
    expect(tries[0]!.event.data.id).toBe(isResponse ? end.jobId.replace('job_', 'resp_') : end.jobId)
    expect((await feed()).events.map(({ type }) => type)).toEqual(
      isResponse ? [types[0], `job.${end.status}`] : [`job.${end.status}`],
    )
  })

  it("tells a job's own URL only what it asked for", async () => {
    const webhook = { url: 'https://example.com/own', events: ['job.failed' as const] }
    await bundle.end({ webhook })
    await bundle.end({ webhook, status: 'failed' })
    await bundle.end({ webhook, status: 'failed', endpoint: '/v1/responses' })
    const { data } = await listDeliveries(bundle.redis, bundle.project, 'default', { limit: 10 })
    expect(data.map(({ event }) => event.type)).toEqual(['job.failed', 'job.failed'])
  })
})
