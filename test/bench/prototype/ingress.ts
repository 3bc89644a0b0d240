// The least that the path could be, in front: Fastify, a BullMQ queue, one channel on which the answers come. No keys, no checks, no
// records, no limits, nothing that outlives its process: the floor that the product is measured against.
// node ingress.ts <redis url>
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Queue } from 'bullmq'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { decodeFrames } from './frame.ts'
import { redisPath } from './redis-path.ts'

const path = redisPath(process.argv[2])
const channel = randomUUID()
const queue = new Queue('prototype', {
  connection: { path, enableOfflineQueue: false },
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  streams: { events: { maxLen: 1_000 } },
})
const waiting = new Map<string, { raw: ServerResponse; stream: boolean }>()

const subscriber = new Redis({ path })
await subscriber.subscribe(channel)
subscriber.on('message', (_channel: string, message: string) => decodeFrames(message, show))

function show(jobId: string, isEnd: boolean, text: string): void {
  const answer = waiting.get(jobId)
  if (answer === undefined) return
  if (isEnd) {
    waiting.delete(jobId)
    answer.raw.end(text)
  } else {
    answer.raw.write(text)
  }
}

const app = Fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post<{ Body: Buffer }>('/v1/chat/completions', async (request, reply) => {
  const jobId = randomUUID()
  const body = request.body.toString()
  const stream = body.includes('"stream":true')
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' })
  waiting.set(jobId, { raw: reply.raw, stream })
  reply.raw.once('close', () => waiting.delete(jobId))
  await queue.add('d', { channel, stream, body }, { jobId })
})
await queue.waitUntilReady()
process.stdout.write(`prototype ready ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
