import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listDeliveries, readDelivery } from './deliveries.ts'
import { deleteEndpoint, getEndpoint, updateEndpoint } from './endpoints.ts'
import { redeliver, redeliverRange } from './redeliver.ts'
import { openProject, type ProjectBundle } from './testing/project-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { putBackTry } from './tries.ts'

describe.each(SERVERS)('tries on %s', (_name, url) => {
  let bundle: ProjectBundle
  let endpoint: string
  beforeEach(async () => {
    bundle = await openProject(url)
    endpoint = await bundle.endpoint(['job.completed'])
  })
  afterEach(() => bundle.close())

  async function endMany(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await bundle.end()
  }

  const list = (status?: 'pending' | 'delivered' | 'dead' | 'cancelled', owner = endpoint) =>
    listDeliveries(bundle.redis, bundle.project, owner, { limit: 100, status }).then(({ data }) => data)

  it('are handed out once, with all that a call needs', async () => {
    const end = await bundle.end({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
    const [first, second] = await Promise.all([bundle.take(), bundle.take()])
    const tries = [...first!.tries, ...second!.tries]
    expect(tries).toHaveLength(1)
    expect(tries[0]).toMatchObject({
      project: bundle.project,
      owner: endpoint,
      url: 'https://example.com/hook',
      event: { type: 'job.completed', data: { id: end.jobId } },
      secretOwner: endpoint,
      secret: { version: 1, previousUntilMs: null },
      number: 1,
      isTest: false,
      traceparent: end.traceparent,
    })
    await bundle.finish(tries[0]!)
    expect(await bundle.take()).toEqual({ tries: [], more: false, nextAtMs: null })
    expect(await list('delivered')).toMatchObject([
      { status: 'delivered', next_try_at: null, tries: [{ number: 1, status_code: 200, error: null }] },
    ])
  })

  it('grow with success from two at a time to eight, and shrink to one with failure', async () => {
    await endMany(60)
    const counts: number[] = []
    for (let round = 0; round < 4; round++) {
      const { tries } = await bundle.take()
      counts.push(tries.length)
      for (const attempt of tries) await bundle.finish(attempt)
    }
    expect(counts).toEqual([2, 8, 8, 8])
    const { tries } = await bundle.take()
    await bundle.finish(tries[0]!, 'retry', 60_000)
    for (const attempt of tries.slice(1)) await bundle.finish(attempt, 'retry', 60_000)
    await bundle.makeDue()
    expect((await bundle.take()).tries).toHaveLength(1)
  })

  it('of one queue do not stand before those of another', async () => {
    const other = await bundle.endpoint(['job.failed'], 'https://example.org/')
    await endMany(30)
    await bundle.end({ status: 'failed' })
    const { tries } = await bundle.take()
    expect(tries.map(({ owner }) => owner).toSorted()).toEqual([endpoint, endpoint, other].toSorted())
  })

  it('come at most as many as asked for, and say that there are more', async () => {
    await bundle.endpoint(['job.completed'], 'https://example.org/')
    await endMany(5)
    const first = await bundle.take(1)
    expect([first.tries.length, first.more]).toEqual([1, true])
    const second = await bundle.take(100)
    expect(second.tries).toHaveLength(3)
  })

  it('of receivers that failed last keep within their share', async () => {
    await endMany(3)
    const [attempt] = (await bundle.take(1)).tries
    await bundle.finish(attempt!, 'retry', 0)
    await bundle.makeDue()
    expect((await bundle.take(10, 0)).tries).toEqual([])
    await bundle.makeDue()
    expect((await bundle.take(10, 1)).tries).toMatchObject([{ isSick: true }])
  })

  it('rest together when their receiver asks for it, or after three failures in a row', async () => {
    await endMany(4)
    const [asked] = (await bundle.take(1)).tries
    await bundle.finish(asked!, 'retry', 0, 5_000)
    const resting = await bundle.take()
    expect(resting.tries).toEqual([])
    expect(resting.nextAtMs! - Date.now()).toBeGreaterThan(3_000)
    for (let i = 0; i < 2; i++) {
      await bundle.makeDue()
      const [attempt] = (await bundle.take(1)).tries
      await bundle.finish(attempt!, 'retry', 0)
    }
    const rested = await bundle.take()
    expect(rested.tries).toEqual([])
    expect(rested.nextAtMs! - Date.now()).toBeGreaterThan(200)
  })

  it('come again when their lease has ended, and the first holder changes nothing any more', async () => {
    await bundle.end()
    const [lost] = (await bundle.take()).tries
    const waiting = await bundle.take()
    expect(waiting.tries).toEqual([])
    expect(waiting.nextAtMs! - Date.now()).toBeGreaterThan(20_000)
    await bundle.makeDue()
    const [again] = (await bundle.take()).tries
    expect(again).toMatchObject({ deliveryId: lost!.deliveryId, event: lost!.event, number: 1 })
    expect(await bundle.finish(lost!, 'dead')).toMatchObject({ lost: true })
    expect(await bundle.finish(again!)).toMatchObject({ lost: false })
    expect(await bundle.finish(again!)).toMatchObject({ lost: true })
    expect(await list()).toMatchObject([{ status: 'delivered', tries: [{ number: 1 }] }])
  })

  it('that were not made do not count', async () => {
    await bundle.end()
    const [attempt] = (await bundle.take()).tries
    await putBackTry(bundle.redis, attempt!, 0)
    expect((await bundle.take()).tries).toMatchObject([{ number: 1 }])
    expect(await list()).toMatchObject([{ status: 'pending', tries: [] }])
  })

  it('end as dead, are listed so, and begin a new round when told to', async () => {
    await bundle.end()
    for (let number = 1; number <= 3; number++) {
      await bundle.makeDue()
      const [attempt] = (await bundle.take()).tries
      expect(attempt!.number).toBe(number)
      await bundle.finish(attempt!, number === 3 ? 'dead' : 'retry', 1_000)
    }
    const [dead] = await list('dead')
    expect(dead).toMatchObject({
      status: 'dead',
      tries: [{ number: 1 }, { number: 2 }, { number: 3, error: 'http_error' }],
    })
    expect(await list('pending')).toEqual([])
    expect(await redeliver(bundle.redis, bundle.project, endpoint, dead!.id)).toBe(true)
    expect(await redeliver(bundle.redis, bundle.project, 'default', dead!.id)).toBe(false)
    expect(await list('dead')).toEqual([])
    const [attempt] = (await bundle.take()).tries
    expect(attempt).toMatchObject({ number: 1, event: { id: dead!.event.id } })
    await bundle.finish(attempt!)
    expect(await readDelivery(bundle.redis, bundle.project, endpoint, dead!.id)).toMatchObject({
      status: 'delivered',
      tries: [{}, {}, {}, { number: 4, error: null }],
    })
  })

  it('are redelivered by range and status', async () => {
    await endMany(3)
    for (const attempt of (await bundle.take()).tries) await bundle.finish(attempt, 'dead')
    const range = { afterMs: Date.now() - 60_000, beforeMs: Date.now() + 60_000, status: 'dead' as const }
    const future = { ...range, afterMs: Date.now() + 30_000 }
    expect(await redeliverRange(bundle.redis, bundle.project, endpoint, future)).toEqual({ count: 0, hasMore: false })
    expect(await redeliverRange(bundle.redis, bundle.project, endpoint, range)).toEqual({ count: 2, hasMore: false })
    expect(await list('dead')).toEqual([])
    expect(await list('pending')).toHaveLength(3)
  })

  it('stop when the endpoint answers 410: it is disabled, and what waits for it is cancelled', async () => {
    await endMany(250)
    const { tries } = await bundle.take()
    await bundle.finish(tries[0]!, 'gone')
    for (let more = true; more; ) {
      const taken = await bundle.take()
      expect(taken.tries).toEqual([])
      more = taken.more
    }
    expect(await list('pending')).toEqual([])
    expect(await list('dead')).toHaveLength(1)
    expect(await list('cancelled')).toHaveLength(100)
    expect(await bundle.finish(tries[1]!)).toMatchObject({ lost: true })
    expect(await getEndpoint(bundle.on, bundle.project, endpoint)).toMatchObject({
      status: 'disabled',
      disabled_reason: 'gone',
    })
    await bundle.end()
    expect((await bundle.take()).nextAtMs).toBeNull()
    await updateEndpoint(bundle.on, bundle.project, endpoint, {})
    await bundle.end()
    expect((await bundle.take()).tries).toHaveLength(1)
  })

  it('stop when the endpoint is deleted', async () => {
    await endMany(3)
    await deleteEndpoint(bundle.on, bundle.project, endpoint)
    expect(await bundle.take()).toEqual({ tries: [], more: false, nextAtMs: null })
    expect(await list('cancelled')).toHaveLength(3)
  })

  it('to a URL of a job end for that job alone at 410', async () => {
    const webhook = { url: 'https://example.com/own', events: null }
    await bundle.end({ webhook, status: 'failed' })
    await bundle.end({ webhook, status: 'failed' })
    const { tries } = await bundle.take()
    await bundle.finish(tries[0]!, 'gone')
    await bundle.finish(tries[1]!)
    expect(await list('dead', 'default')).toMatchObject([{ url: webhook.url, webhook_endpoint_id: 'default' }])
    expect(await list('delivered', 'default')).toHaveLength(1)
  })

  it('pages its log from the newest on', async () => {
    await endMany(7)
    const first = await listDeliveries(bundle.redis, bundle.project, endpoint, { limit: 4 })
    const second = await listDeliveries(bundle.redis, bundle.project, endpoint, {
      limit: 4,
      after: first.data.at(-1)!.id,
    })
    expect([first.data.length, first.hasMore, second.data.length, second.hasMore]).toEqual([4, true, 3, false])
    const ids = [...first.data, ...second.data].map(({ event }) => event.data.id)
    expect(ids).toEqual(ids.toSorted().reverse())
    await expect(
      listDeliveries(bundle.redis, bundle.project, endpoint, { limit: 4, after: 'x' }),
    ).rejects.toMatchObject({ code: 'invalid_cursor' })
  })
})
