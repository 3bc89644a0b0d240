// One end of the benchmark's no-op jobs, a process of its own (test/bench/measure-lanes.ts):
//   node lane.bench.ts <bare|lane> <produce|consume> <redis url> <queue> <jobs>
// `lane` is this package as ingress and worker use it, `bare` a BullMQ Queue and Worker as its README shows them.
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRedis } from '@switchyard/redis/connect'
import { Queue, Worker } from 'bullmq'
import { createConsumer } from './consumer.ts'
import { createProducer } from './producer.ts'

/** Adds under way at a time. */
const ADDING = 100
/** The default slots of a class. */
const SLOTS = 256
/** Of one project, as most lanes' are most of the time. */
const SHARE = { project: 'proj_bench', weight: 1, tokens: 1_500 }
/** Jobs that warm both ends up; they are not counted. */
const WARM = 2_000

const [kind, role, url = '', queue = '', count] = process.argv.slice(2)
const jobs = Number(count)
if ((kind !== 'bare' && kind !== 'lane') || (role !== 'produce' && role !== 'consume') || !(jobs > 0)) {
  console.error('usage: lane.bench.ts <bare|lane> <produce|consume> <redis url> <queue> <jobs>')
  process.exit(1)
}
process.on('SIGTERM', () => process.exit(0))

const redis = await connectRedis(url, { role: role === 'produce' ? 'producer' : 'consumer', name: 'lane-bench' })
let cpu = process.cpuUsage()
await (role === 'produce' ? produce() : consume())

async function produce(): Promise<void> {
  const add = producerOf()
  await addAll(WARM, 'warm')
  // The consumer's time to finish with these.
  await sleep(500)
  cpu = process.cpuUsage()
  say('began')
  await addAll(jobs, 'job')
  say('done')

  async function addAll(total: number, name: string): Promise<void> {
    let begun = 0
    const adder = async () => {
      while (begun < total) await add(`${name}_${begun++}`)
    }
    await Promise.all(Array.from({ length: ADDING }, adder))
  }
}

function producerOf(): (jobId: string) => Promise<unknown> {
  if (kind === 'lane') {
    const producer = createProducer({ redis })
    return (jobId) => producer.add(queue, { jobId, delivery: 1 }, SHARE)
  }
  const bare = new Queue(queue, {
    connection: redis,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  return (jobId) => bare.add('job', { jobId })
}

async function consume(): Promise<void> {
  let handled = 0
  const note = (): void => {
    handled++
    if (handled === WARM) cpu = process.cpuUsage()
    if (handled === WARM + jobs) say('done')
  }
  if (kind === 'lane') {
    createConsumer({
      redis,
      lane: queue,
      concurrency: SLOTS,
      handle: async () => {
        note()
        return { kind: 'done' }
      },
      onError: (error) => console.error(error),
    })
  } else {
    const worker = new Worker(queue, async () => note(), { connection: redis, concurrency: SLOTS })
    worker.on('error', (error) => console.error(error))
    await worker.waitUntilReady()
  }
  process.stdout.write('ready\n')
}

function say(what: string): void {
  const { user, system } = process.cpuUsage(cpu)
  process.stdout.write(`${what} ${JSON.stringify({ atMs: Date.now(), cpuMs: (user + system) / 1000 })}\n`)
}
