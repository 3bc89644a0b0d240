import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { openLocalBlobStore } from '@switchyard/jobs/local-blob-store'
import { startStandInWorker } from './testing/stand-in-worker.ts'

const redisUrl = 'redis://127.0.0.1:17801'
const key = 'sk-sy-benchbenchbenchbenchbench'
const mode = process.argv[2] ?? 'json',
  n = Number(process.argv[3] ?? 2000),
  conc = Number(process.argv[4] ?? 64)
const worker = await startStandInWorker({
  redisUrl,
  blobs: await openLocalBlobStore('/tmp/ing/bench/data/blobs'),
  lane: 'frontier.pbench',
  deployment: 'dbench',
  outages: true,
})
const answer = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(400) }, finish_reason: 'stop' }],
})
const line = JSON.stringify({
  id: 'chatcmpl-xxxxxxxxxxxxxx',
  object: 'chat.completion.chunk',
  created: 1790000000,
  model: 'bench',
  choices: [{ index: 0, delta: { content: 'token token' }, finish_reason: null }],
})
worker.onJob(async (job) => {
  await job.begin()
  if (mode !== 'json') {
    for (let i = 0; i < 50; i++) {
      await job.append(line)
    }
    await job.complete(null)
  } else await job.complete(answer)
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
  execArgv: process.env.MEM
    ? ['--expose-gc', '--import', '/tmp/mem.mjs']
    : process.env.PROF
      ? ['--cpu-prof', '--cpu-prof-dir=/tmp/ing/prof']
      : [],
})
const url: string = await new Promise((r) => child.on('message', (m: any) => m.type === 'ready' && r(m.url)))
const cpu = () => {
  const f = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(f[11]) + Number(f[12])) * 10
}
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024
const agent = new Agent({ keepAlive: true, maxSockets: conc })
const body = JSON.stringify({
  model: 'bench',
  stream: mode !== 'json',
  temperature: 0.2,
  messages: [
    { role: 'system', content: 'You are helpful.' },
    { role: 'user', content: 'Tell me about railways. '.repeat(30) },
  ],
})
const once = () =>
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
        res.resume()
        res.on('end', resolve)
        res.on('error', reject)
      },
    )
    r.on('error', reject)
    r.end(body)
  })
async function run(count: number) {
  let left = count
  await Promise.all(
    Array.from({ length: conc }, async () => {
      while (left-- > 0) await once()
    }),
  )
}
await run(Math.min(500, n))
for (let round = 0; round < Number(process.argv[5] ?? 3); round++) {
  const c0 = cpu(),
    t0 = performance.now()
  await run(n)
  const c = cpu() - c0,
    t = performance.now() - t0
  console.log(
    mode,
    'req/s',
    ((n / t) * 1000).toFixed(0),
    'ingress cpu us/req',
    ((c * 1000) / n).toFixed(0),
    'rss MB',
    rss().toFixed(0),
  )
  if (process.env.MEM) {
    child.send('mem')
    console.log(await new Promise((r) => child.once('message', r)))
  }
}
agent.destroy()
child.kill('SIGTERM')
const t = performance.now()
await new Promise((r) =>
  child.on('exit', (code) => {
    console.log('exit', code, (performance.now() - t).toFixed(0), 'ms')
    r(0)
  }),
)
await worker.stop()
process.exit(0)
