// Stands in for every service of the stack: says what it was given, and ends as services end.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { SWITCHYARD_DATA_DIR = '', PORT, HOST, CONTROL_PORT, SWITCHYARD_WORKER_ROLE, SWITCHYARD_API_KEY, FAKE_IGNORES_SIGTERM } = process.env
const role =
  CONTROL_PORT !== undefined
    ? 'control'
    : PORT === undefined
      ? (SWITCHYARD_WORKER_ROLE ?? 'plain')
      : SWITCHYARD_API_KEY === undefined
        ? 'simulator'
        : 'ingress'

appendFileSync(join(SWITCHYARD_DATA_DIR, 'started.jsonl'), `${JSON.stringify({ role, pid: process.pid, env: process.env })}\n`)

if (FAKE_IGNORES_SIGTERM === role) process.on('SIGTERM', () => {})
else process.on('SIGTERM', () => process.exit(0))

if (PORT === undefined) {
  setInterval(() => {}, 60_000)
  process.send?.({ type: 'ready' })
} else {
  let isReady = false
  const server = createServer((_, response) => {
    response.statusCode = isReady ? 200 : 503
    isReady = true
    response.end()
  })
  server.listen(Number(PORT), HOST, () => {
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}`
    if (role === 'simulator') console.log(`simulator ready ${url}`)
    else process.send?.({ type: 'ready', url })
  })
}
