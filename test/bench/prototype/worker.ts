// The least that the path could be, behind: a BullMQ worker that calls the provider and relays what comes. See ingress.ts.
// node worker.ts <redis url> <provider's origin>
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { Pool } from 'undici'
import { headersWith, PROVIDER_KEY, SIMULATOR_PATH } from '../variant.ts'
import { redisPath } from './redis-path.ts'
import { Relay } from './relay.ts'

const path = redisPath(process.argv[2])
const upstream = new Pool(process.argv[3] ?? '', { connections: 512 })
const relay = new Relay(new Redis({ path }))
const headers = headersWith(PROVIDER_KEY)

interface Work {
  channel: string
  stream: boolean
  body: string
}

const worker = new Worker<Work>(
  'prototype',
  async ({ id: jobId = '', data: { channel, stream, body } }) => {
    const answer = await upstream.request({ path: SIMULATOR_PATH, method: 'POST', headers, body })
    if (!stream) {
      relay.tell(channel, jobId, true, await answer.body.text(), false)
      return
    }
    answer.body.setEncoding('utf8')
    for await (const text of answer.body) relay.tell(channel, jobId, false, text as string, true)
    relay.tell(channel, jobId, true, '', true)
  },
  { connection: { path, maxRetriesPerRequest: null }, concurrency: 512, lockDuration: 60_000 },
)
await worker.waitUntilReady()
process.stdout.write('worker ready\n')
process.on('SIGTERM', () => process.exit(0))
