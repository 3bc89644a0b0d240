import { randomBytes } from 'node:crypto'
import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { newJobId } from '@switchyard/contract/ids'
import type { Delivery } from '@switchyard/lanes/delivery'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import { createProducer, type Producer } from '@switchyard/lanes/producer'
import type { Verdict } from '@switchyard/lanes/verdict'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPools, type Pools } from './pools.ts'
import { resolveUpstreams, type Upstreams } from './upstreams.ts'

const DONE: Verdict = { kind: 'done' }

describe.each(OWN_SERVERS)('the pools of a worker on %s', (_name, url) => {
  let redis: RedisClient
  let producer: Producer
  let pools: Pools
  let random: string
  let laneOfJob: Map<string, string>
  let handled: string[]
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'pools-test' })
    producer = createProducer({ redis })
    random = randomBytes(4).toString('hex')
    laneOfJob = new Map()
    handled = []
  })
  afterEach(async () => {
    await pools.stop()
    await disconnectRedis(redis)
  })

  function open(
    options: { suspect?: boolean; handle?: (delivery: Delivery) => Promise<Verdict>; busy?: () => number } = {},
  ): void {
    const { suspect = false, handle = async () => DONE } = options
    pools = createPools({
      redis,
      suspect,
      handle: (delivery) => {
        handled.push(laneOfJob.get(delivery.jobId)!)
        return handle(delivery)
      },
      onError: (error) => handled.push(String(error)),
      ...(options.busy ? { busy: options.busy } : {}),
    })
  }

  /** One deployment for each of these classes; those of `locked` have no credential here. */
  function upstreams(classes: Record<string, number>, locked: string[] = []): Upstreams {
    const names = Object.keys(classes)
    const list = (line: (name: string) => string) => names.map((name) => `  ${line(name)}`).join('\n')
    const catalog = catalogFrom(`
providers:
${list((name) => `${name}: { kind: openai, apiKey: ${locked.includes(name) ? '"$' + '{NO_SUCH_KEY}"' : 'none'} }`)}
classes:
${list((name) => `${name}${random}: { interactive: { concurrency: ${classes[name]} }, batch: { concurrency: 8 } }`)}
deployments:
${list((name) => `d-${name}: { provider: ${name}, class: ${name}${random}, model: m }`)}
models:
  all: { route: [${names.map((name) => `d-${name}`).join(', ')}] }
`)
    return resolveUpstreams(catalog, {}, null)
  }

  function laneOf(name: string, tier = ''): string {
    return `${name}${random}.${name}${tier}`
  }

  async function add(lane: string): Promise<void> {
    const jobId = newJobId()
    laneOfJob.set(jobId, lane)
    await producer.add(lane, { jobId, delivery: 1 }, 'next')
  }

  async function waiting(lane: string): Promise<number> {
    return (await producer.depth(lane)).waiting
  }

  it('serve both lanes of every class and provider that this process can call, and no others', async () => {
    open()
    await pools.adapt(upstreams({ one: 4, two: 4, locked: 4 }, ['locked']))
    const served = [laneOf('one'), laneOf('one', '.batch'), laneOf('two'), laneOf('two', '.batch')]
    const others = [laneOf('locked'), `one${random}.two`]
    for (const lane of [...others, SUSPECT_LANE, ...served]) await add(lane)
    await eventually(async () => expect(handled.toSorted()).toEqual(served.toSorted()))
    for (const lane of others) expect([lane, await waiting(lane)]).toEqual([lane, 1])
  })

  it('follow the catalog: a lane that is new is served, one that is gone is left to others', async () => {
    open()
    await pools.adapt(upstreams({ one: 4, two: 4 }))
    await pools.adapt(upstreams({ two: 4, three: 4 }))
    await add(laneOf('one'))
    await add(laneOf('two'))
    await add(laneOf('three'))
    await eventually(async () => expect(handled.toSorted()).toEqual([laneOf('three'), laneOf('two')]))
    expect(await waiting(laneOf('one'))).toBe(1)
    await pools.adapt(upstreams({ one: 4 }))
    await eventually(async () => expect(handled).toContain(laneOf('one')))
  })

  it('hold as many at once as the class says, also after that was changed', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    open({ handle: () => finished.then(() => DONE) })
    await pools.adapt(upstreams({ one: 2 }))
    for (let i = 0; i < 5; i++) await add(laneOf('one'))
    const depth = async () => {
      const { waiting, active } = await producer.depth(laneOf('one'))
      return [waiting, active]
    }
    await eventually(async () => expect(await depth()).toEqual([3, 2]))
    await pools.adapt(upstreams({ one: 4 }))
    await eventually(async () => expect(await depth()).toEqual([1, 4]))
    finish()
    await eventually(async () => expect(await depth()).toEqual([0, 0]))
  })

  it('give way to who waits for answers while the process is busy', async () => {
    const held: (() => void)[] = []
    let ticks = 0
    open({
      busy: () => {
        ticks++
        return 1
      },
      handle: () => new Promise((resolve) => held.push(() => resolve(DONE))),
    })
    await pools.adapt(upstreams({ one: 4 }))
    const batch = laneOf('one', '.batch')
    for (let i = 0; i < 20; i++) await add(batch)
    const active = async () => (await producer.depth(batch)).active
    // Nobody waits: they have all their slots, however busy it is.
    await eventually(async () => expect([await active(), held.length]).toEqual([8, 8]))
    await add(laneOf('one'))
    await eventually(async () => expect(held).toHaveLength(9))
    const before = ticks
    await eventually(async () => expect(ticks - before).toBeGreaterThan(7))
    for (const end of held.splice(0, 8)) end()
    await eventually(async () => expect([await active(), await waiting(batch)]).toEqual([1, 11]))
    // The one who waited has gone.
    held.shift()!()
    await eventually(async () => expect(await active()).toBeGreaterThan(1), 10_000)
    for (const end of held.splice(0)) end()
    await eventually(async () => {
      for (const end of held.splice(0)) end()
      expect(await waiting(batch)).toBe(0)
    })
  })

  it('of a suspect worker take one delivery at a time from the suspect lane alone', async () => {
    let [now, most] = [0, 0]
    open({
      suspect: true,
      handle: async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 20))
        now--
        return DONE
      },
    })
    await pools.adapt(upstreams({ one: 4 }))
    await add(laneOf('one'))
    for (let i = 0; i < 3; i++) await add(SUSPECT_LANE)
    await eventually(async () => expect(handled.filter((lane) => lane === SUSPECT_LANE)).toHaveLength(3))
    await eventually(async () => expect(now).toBe(0))
    expect(most).toBe(1)
    expect(handled).not.toContain(laneOf('one'))
    expect(await waiting(laneOf('one'))).toBe(1)
  })

  it('stop fetching at once and end when nothing is handled any more', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    open({ handle: () => finished.then(() => DONE) })
    await pools.adapt(upstreams({ one: 1 }))
    await add(laneOf('one'))
    await eventually(async () => expect(handled).toHaveLength(1))
    let stopped = false
    const stopping = pools.stop().then(() => {
      stopped = true
    })
    await add(laneOf('one'))
    expect(stopped).toBe(false)
    finish()
    await stopping
    expect(handled).toHaveLength(1)
    expect(await waiting(laneOf('one'))).toBe(1)
  })
})
