import { checkout } from './checkout.ts'
import { inTurn } from './measure-first-token.ts'
import type { Rig } from './rig.ts'
import { startRedis } from './start-redis.ts'

const JOBS = 30_000
const KINDS = ['bare', 'lane'] as const

interface Told {
  atMs: number
  cpuMs: number
}

/**
 * Jobs a second through a lane (`lane`) and through a plain BullMQ queue (`bare`), no-op work, from the first add to the last
 * job handled. Producer and consumer are processes of their own, and run packages/lanes/src/lane.bench.ts.
 */
export async function measureLanes(rig: Rig): Promise<void> {
  const redis = await startRedis(rig.crew, rig.directory)
  try {
    for (let round = 0; round < rig.options.rounds; round++) {
      rig.say(`lanes, round ${round + 1}`)
      for (const kind of inTurn([...KINDS], round)) {
        const { seconds, cpuUs, jobs } = await pass(rig, kind, redis.url, `bench-${round}`)
        rig.results.add('jobs rate', kind, jobs / seconds)
        rig.results.add('jobs cpu', kind, cpuUs / jobs)
      }
    }
  } finally {
    await redis.stop()
  }
}

async function pass(rig: Rig, kind: string, redisUrl: string, queue: string) {
  const jobs = Math.round(JOBS * rig.options.scale)
  const start = (role: string) =>
    rig.crew.start({
      name: `${kind}-${role}`,
      command: process.execPath,
      args: [checkout('packages/lanes/src/lane.bench.ts'), kind, role, redisUrl, queue, String(jobs)],
    })
  const consumer = start('consume')
  await consumer.line(/^ready$/)
  const producer = start('produce')
  const began = read(await producer.line(/^began (.*)$/))
  const [added, handled] = await Promise.all([
    producer.line(/^done (.*)$/).then(read),
    consumer.line(/^done (.*)$/).then(read),
  ])
  await Promise.all([consumer.stop(), producer.stop()])
  return {
    jobs,
    seconds: (handled.atMs - began.atMs) / 1000,
    cpuUs: (added.cpuMs + handled.cpuMs) * 1000,
  }
}

function read([, json = '']: RegExpExecArray): Told {
  return JSON.parse(json) as Told
}
