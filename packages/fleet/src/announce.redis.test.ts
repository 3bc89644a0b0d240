import { randomUUID } from 'node:crypto'
import { disconnectRedis } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startAnnouncement } from './announce.ts'
import { fleetKeys } from './keys.ts'
import { LAPSE_MS, type WorkerFacts } from './member.ts'
import { type FleetBundle, openFleet, someFacts } from './testing/fleet-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'
import { type FleetWatch, startFleetWatch } from './watch.ts'

describe.each(SERVERS)('a fleet on %s', (_name, url) => {
  let bundle: FleetBundle
  beforeEach(async () => {
    bundle = await openFleet(url)
  })
  afterEach(() => bundle.close())

  async function announce(facts: () => WorkerFacts, role: 'worker' | 'ingress' = 'worker') {
    const { prefix, onError } = bundle
    const redis = await bundle.connect('consumer')
    const announcement = startAnnouncement({ redis, id: randomUUID(), role, facts, onError, prefix })
    bundle.stopLater(announcement)
    return { announcement, redis }
  }

  async function watch(onChange?: (watch: FleetWatch) => void) {
    const { prefix, onError } = bundle
    const [redis, subscriber] = [await bundle.connect('producer'), await bundle.connect('subscriber')]
    const started = startFleetWatch({ redis, subscriber, onError, prefix, ...(onChange && { onChange }) })
    bundle.stopLater(started)
    await started.ready
    return { started, redis, subscriber }
  }

  test('who watches sees who is there, who comes, who changes and who goes, each at once', async () => {
    let facts = someFacts('opus', 'simulated-gpt')
    const { announcement: first } = await announce(() => facts)
    await first.refresh()
    let changes = 0
    const { started } = await watch(() => changes++)
    expect([...started.deployments()].sort()).toEqual(['opus', 'simulated-gpt'])
    expect(['opus', 'simulated-gpt', 'unknown'].map(started.isSimulated)).toEqual([false, true, false])

    const { announcement: second } = await announce(() => someFacts('gemini'))
    expect(await until('the second is seen', () => started.deployments().has('gemini'))).toBeLessThan(1_000)
    facts = someFacts('opus')
    await first.refresh()
    expect(await until('the change is seen', () => !started.deployments().has('simulated-gpt'))).toBeLessThan(1_000)
    await second.stop()
    expect(await until('it is gone', () => !started.deployments().has('gemini'))).toBeLessThan(1_000)
    expect(started.members().map(({ role, host }) => ({ role, host }))).toEqual([{ role: 'worker', host: 'here' }])
    expect(changes).toBeGreaterThanOrEqual(4)
    expect(bundle.errors).toEqual([])
  })

  test('a refresh that says nothing new tells nobody', async () => {
    const { announcement } = await announce(() => someFacts('opus'))
    await announcement.refresh()
    const subscriber = await bundle.connect('subscriber')
    const heard: string[] = []
    subscriber.on('smessage', (_channel: string, message: string) => heard.push(message))
    await subscriber.ssubscribe(fleetKeys(bundle.prefix).channel)
    for (let i = 0; i < 3; i++) await announcement.refresh()
    await announcement.stop()
    await until('the leaving is heard', () => heard.length > 0)
    expect(heard).toHaveLength(1)
  })

  test('only workers count for what can be served', async () => {
    const { announcement } = await announce(() => someFacts('opus'), 'ingress')
    await announcement.refresh()
    const { started } = await watch()
    expect(started.members()).toHaveLength(1)
    expect(started.deployments().size).toBe(0)
  })

  test('one that is refreshed no more lapses, and the next who refreshes clears it away and says so', async () => {
    const { redis, announcement } = await announce(() => someFacts('opus'))
    await announcement.refresh()
    const { started } = await watch()
    await disconnectRedis(redis)
    const other = await bundle.connect('producer')
    const { members, expiries } = fleetKeys(bundle.prefix)
    const id = String((await other.zrange(expiries, '0', '-1'))[0])
    const left = Number(await other.zscore(expiries, id)) - Date.now()
    expect(left).toBeGreaterThan(LAPSE_MS - 5_000)
    expect(left).toBeLessThanOrEqual(LAPSE_MS)
    // Its time is over: as if nobody had refreshed it for 15 s.
    await other.zadd(expiries, Date.now() - 1, id)
    const { announcement: next } = await announce(() => someFacts('gemini'))
    await next.refresh()
    await until('the lapsed one is gone', () => [...started.deployments()].join() === 'gemini')
    expect(await other.hexists(members, id)).toBe(0)
  })

  test('a lapsed member is not read even if nobody cleared it away, nor is one that can not be understood', async () => {
    const { announcement } = await announce(() => someFacts('opus'))
    await announcement.refresh()
    const other = await bundle.connect('producer')
    const { members, expiries } = fleetKeys(bundle.prefix)
    const id = String((await other.zrange(expiries, '0', '-1'))[0])
    await other.zadd(expiries, Date.now() - 1, id)
    await other.hset(members, 'odd', '{"role":"gateway"}')
    for (const strange of ['odd', 'no-hash-field']) await other.zadd(expiries, Date.now() + LAPSE_MS, strange)
    const { started } = await watch()
    expect(started.members()).toEqual([])
  })

  test('a watch that lost its subscription is told again, and reads what it missed', async () => {
    const { started, subscriber } = await watch()
    const killer = await bundle.connect('producer')
    const nodes = 'nodes' in killer ? killer.nodes('master') : [killer]
    for (const node of nodes) await node.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const { announcement } = await announce(() => someFacts('opus'))
    await until('it is seen, by the message or by the net', () => started.deployments().has('opus'))
    await until('the subscriber is back', () => subscriber.status === 'ready')
    await announcement.stop()
    await until('the leaving is seen', () => !started.deployments().has('opus'))
  })

  test('while Redis is away the last view stays', async () => {
    const { announcement } = await announce(() => someFacts('opus'))
    await announcement.refresh()
    const { started, redis, subscriber } = await watch()
    await disconnectRedis(redis)
    await until('reads fail', () => bundle.errors.length > 0)
    expect([...started.deployments()]).toEqual(['opus'])
    await started.stop()
    await started.stop()
    await until('the subscriber stays the caller’s', () => subscriber.status === 'ready')
  })

  test('an announcement that is too large is refused and reported, and stop ends although Redis is away', async () => {
    const { announcement, redis } = await announce(() => someFacts('x'.repeat(300_000)))
    await expect(announcement.refresh()).rejects.toMatchObject({ code: 'internal_error' })
    await until('it is reported', () => bundle.errors.length > 0)
    await disconnectRedis(redis)
    const begin = performance.now()
    await announcement.stop()
    await announcement.stop()
    expect(performance.now() - begin).toBeLessThan(1_500)
  })
})
