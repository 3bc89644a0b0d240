import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askRedis } from '../stack/ask-redis.ts'
import { findFreePort } from '../stack/free-port.ts'
import { startWatchdog, type Watchdog } from '../stack/watchdog.ts'

/** Redis servers for one run of the tests: a single one, and a cluster of three masters. */
export interface TestServers {
  url: string
  /** URL of one node of the cluster. */
  clusterUrl: string
  /** Ends all four and removes their files. Safe twice. */
  stop(): Promise<void>
}

interface Server {
  port: number
  busPort: number
  stop(): Promise<void>
}

const NODES = 3
const SLOTS = 16_384
const PATIENCE_MS = 20_000

/** Starts all of them beside each other on free ports of this machine, without files to keep; ready when this resolves. */
export async function startTestServers(redisServer: string): Promise<TestServers> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-test-'))
  const servers: Server[] = []
  const watchdog = startWatchdog(0)
  const stop = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
    watchdog.stop()
    await rm(directory, { recursive: true, force: true })
  }
  const start = async (clustered: boolean): Promise<Server> => {
    const server = await startServer(redisServer, directory, clustered, watchdog)
    servers.push(server)
    return server
  }
  try {
    const [single, ...nodes] = await Promise.all([start(false), ...Array.from({ length: NODES }, () => start(true))])
    await joinCluster(nodes)
    return { url: urlOf(single), clusterUrl: urlOf(nodes[0] ?? single), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function urlOf(server: Server): string {
  return `redis://127.0.0.1:${server.port}`
}

/** Between finding a port and listening on it somebody else may take it: then the server ends and another port is tried. */
async function startServer(
  redisServer: string,
  directory: string,
  clustered: boolean,
  watchdog: Watchdog,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const [port, busPort] = [await findFreePort(), await findFreePort()]
    const child = spawn(
      redisServer,
      serverArguments(port, clustered ? busPort : null, await mkdtemp(join(directory, 'redis-'))),
      {
        detached: true,
        stdio: ['ignore', 'ignore', 2],
      },
    )
    if (child.pid !== undefined) watchdog.watch('redis', child.pid)
    const stop = () => end(child)
    if (await isAnswering(port, child)) return { port, busPort, stop }
    await stop()
    if (attempt === 5) throw new Error(`${redisServer} does not start on a free port`)
  }
}

function serverArguments(port: number, busPort: number | null, directory: string): string[] {
  const shared = [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
    ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--loglevel', 'warning'],
  ]
  if (busPort === null) return shared
  return [...shared, '--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000']
}

async function isAnswering(port: number, child: ChildProcess): Promise<boolean> {
  let failed = false
  child.once('error', () => {
    failed = true
  })
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(10)) {
    if (failed || child.exitCode !== null) return false
    // A stranger on the port would answer too, but ours has then ended by itself a moment later.
    if ((await askRedis({ port }, ['PING']).catch(() => '')) === 'PONG') return child.exitCode === null
  }
  return false
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** What `redis-cli --cluster create` does, without it and without its wait: slots, epochs, introductions. */
async function joinCluster(nodes: readonly Server[]): Promise<void> {
  const [first] = nodes
  if (first === undefined) return
  await Promise.all(
    nodes.map(async ({ port }, index) => {
      const from = Math.floor((SLOTS * index) / nodes.length)
      const to = Math.floor((SLOTS * (index + 1)) / nodes.length) - 1
      await askRedis({ port }, ['CLUSTER', 'ADDSLOTSRANGE', from, to])
      await askRedis({ port }, ['CLUSTER', 'SET-CONFIG-EPOCH', index + 1])
    }),
  )
  for (const { port, busPort } of nodes.slice(1)) {
    await askRedis({ port: first.port }, ['CLUSTER', 'MEET', '127.0.0.1', port, busPort])
  }
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(50)) {
    const states = await Promise.all(nodes.map(({ port }) => askRedis({ port }, ['CLUSTER', 'INFO'])))
    const isWhole = (state: string) =>
      /cluster_state:ok/.test(state) && state.includes(`cluster_known_nodes:${nodes.length}`)
    if (states.every(isWhole)) return
  }
  throw new Error('the test cluster does not come together')
}
