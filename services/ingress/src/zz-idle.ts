import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { openLocalBlobStore } from '@switchyard/jobs/local-blob-store'
import { startStandInWorker } from './testing/stand-in-worker.ts'

const redisUrl = 'redis://127.0.0.1:17801'
const key = 'sk-sy-benchbenchbenchbenchbench'
const worker = await startStandInWorker({
  redisUrl,
  blobs: await openLocalBlobStore('/tmp/ing/bench/data/blobs'),
  lane: 'frontier.pbench',
  deployment: 'dbench',
  outages: true,
})
const N = Number(process.argv[2] ?? 450)
worker.onJob(async (job) => {
  await job.begin()
  await job.append('{"n":0}')
})
const child = fork(new URL('./main.ts', import.meta.url), [], {
  env: {
    ...process.env,
    REDIS_URL: redisUrl,
    PORT: '0',
    SWITCHYARD_DATA_DIR: '/tmp/ing/bench/data',
    SWITCHYARD_CATALOG: '/tmp/ing/bench/catalog.yaml',
    SWITCHYARD_API_KEY: key,
    SWITCHYARD_DRAIN_MS: '2000',
    LOG_LEVEL: 'warn',
  },
  execArgv: ['--expose-gc', '--import', '/tmp/mem.mjs', ...(process.env.FLAGS ?? '').split(' ').filter(Boolean)],
})
const url: string = await new Promise((r) => child.on('message', (m: any) => m.type === 'ready' && r(m.url)))
const mem = async () => {
  child.send('mem')
  return await new Promise<any>((r) => child.once('message', r))
}
const agent = new Agent({ keepAlive: true })
const body = JSON.stringify({
  model: 'bench',
  stream: true,
  messages: [{ role: 'user', content: 'Tell me about railways. '.repeat(30) }],
})
const open = () =>
  new Promise<void>((resolve, reject) => {
    const r = request(
      url + '/v1/chat/completions',
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (res) => {
        if (res.statusCode !== 200) console.log(res.statusCode)
        res.on('data', () => resolve())
        res.on('error', () => {})
      },
    )
    r.on('error', reject)
    r.end(body)
  })
for (let i = 0; i < 20; i++) await open()
const a = await mem()
console.log(a)
for (let i = 0; i < N; i += 50) await Promise.all(Array.from({ length: 50 }, open))
const b = await mem()
console.log(
  b,
  'KB/stream rss',
  (((b.rss - a.rss) * 1000) / N).toFixed(1),
  'heap',
  (((b.heap - a.heap) * 1000) / N).toFixed(1),
)
const f = () => {
  const x = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(x[11]) + Number(x[12])) * 10
}
const c0 = f()
await new Promise((r) => setTimeout(r, 4000))
console.log('cpu at rest ms/s', (f() - c0) / 4)
child.kill('SIGTERM')
const t = performance.now()
await new Promise((r) =>
  child.on('exit', (code) => {
    console.log('exit', code, (performance.now() - t).toFixed(0), 'ms')
    r(0)
  }),
)
process.exit(0)
