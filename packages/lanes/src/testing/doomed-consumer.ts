import { connectRedis } from '@switchyard/redis/connect'
import { createConsumer } from '../consumer.ts'

// A process of its own that takes every delivery of a lane, says so, and never ends one: its test kills it.
const [url, lane, lockDurationMs, stalledIntervalMs] = process.argv.slice(2)
createConsumer({
  redis: await connectRedis(url!, { role: 'consumer', name: 'doomed' }),
  lane: lane!,
  concurrency: 10,
  settings: { lockDurationMs: Number(lockDurationMs), stalledIntervalMs: Number(stalledIntervalMs) },
  onError: (error) => process.stderr.write(`${error.message}\n`),
  handle: ({ jobId, delivery }) => {
    process.stdout.write(`${jobId}.${delivery}\n`)
    return new Promise(() => {})
  },
})
