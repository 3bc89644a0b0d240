import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Simulator } from './simulator.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_MS = 60_000

/** A whole stack, started as a user would start it, with its own port and data directory. */
export interface Stack {
  url: string
  /** Of the control listener. */
  controlUrl: string
  key: string
  dataDir: string
  simulator: Simulator
  /** Pid of a living process of the stack: `ingress`, `worker`, `suspect worker`, `background`, `control`, `simulator`, `redis`. */
  pid(name: string): number
  /** Resolves once that process runs under another pid than `than`. */
  restarted(name: string, than: number): Promise<number>
  /** Everything that its processes have logged. */
  log(): string
  /** SIGTERM; resolves with the exit code and how long it took. */
  stop(): Promise<{ code: number | null; tookMs: number }>
}

export async function startStack(env: Record<string, string> = {}): Promise<Stack> {
  const dataDir = await mkdtemp(join(tmpdir(), 'switchyard-test-'))
  const port = await freePort()
  const child = spawn(process.execPath, ['infra/start/start.mjs'], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: String(port),
      CONTROL_PORT: '0',
      SWITCHYARD_DATA_DIR: dataDir,
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const pids = new Map<string, number>()
  const waits: { name: string; than: number; resolve: (pid: number) => void }[] = []
  let simulatorUrl = ''
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    const started = /"program":"([^"]+)","child":(\d+)/.exec(line)
    if (started) {
      const [, name, pid] = started as unknown as [string, string, string]
      pids.set(name, Number(pid))
      for (const wait of waits) if (wait.name === name && wait.than !== Number(pid)) wait.resolve(Number(pid))
    }
    const simulated = /^simulator ready (http\S+)/.exec(line)
    if (simulated) simulatorUrl = simulated[1]!
  })
  const ready = await readyLine(child, lines)
  return {
    ...ready,
    dataDir,
    simulator: new Simulator(simulatorUrl),
    pid(name) {
      const pid = pids.get(name)
      if (pid === undefined) throw new Error(`no process ${name} was started`)
      return pid
    },
    restarted(name, than) {
      const pid = pids.get(name)
      if (pid !== undefined && pid !== than) return Promise.resolve(pid)
      return new Promise((resolve) => waits.push({ name, than, resolve }))
    },
    log: () => lines.join('\n'),
    async stop() {
      const startedAt = performance.now()
      const code = await new Promise<number | null>((resolve) => {
        if (child.exitCode !== null) return resolve(child.exitCode)
        child.once('exit', resolve)
        child.kill('SIGTERM')
      })
      await rm(dataDir, { recursive: true, force: true })
      return { code, tookMs: performance.now() - startedAt }
    },
  }
}

function readyLine(child: ChildProcess, lines: string[]): Promise<{ url: string; key: string; controlUrl: string }> {
  return new Promise((resolve, reject) => {
    const give = (why: string) => {
      child.kill('SIGTERM')
      reject(new Error(`${why}\n${lines.slice(-40).join('\n')}`))
    }
    const timer = setTimeout(() => give('the stack was not ready in time'), READY_MS)
    child.once('exit', (code) => give(`the stack ended with ${code}`))
    let ready: { url: string; key: string } | null = null
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const match = /^switchyard ready (\S+) key (\S+)$/.exec(line)
      if (match) ready = { url: match[1]!, key: match[2]! }
      const control = /^Numbers for Prometheus: (\S+)\/metrics$/.exec(line)
      if (!control || ready === null) return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      resolve({ ...ready, controlUrl: control[1]! })
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
