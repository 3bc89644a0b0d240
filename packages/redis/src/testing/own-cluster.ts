import { setTimeout as sleep } from 'node:timers/promises'
import { type OwnRedis, startOwnRedis } from './own-redis.ts'

const SLOTS = 16_384
const PATIENCE_MS = 20_000

/** Three masters of the test's own, joined to one cluster. */
export async function startOwnCluster(): Promise<OwnRedis[]> {
  const nodes = await Promise.all([1, 2, 3].map(() => startOwnRedis({ clustered: true })))
  for (const [index, node] of nodes.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.floor((SLOTS * part) / nodes.length))
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', from!, to! - 1)
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
  }
  for (const { port, busPort } of nodes.slice(1)) await nodes[0]!.ask('CLUSTER', 'MEET', '127.0.0.1', port, busPort)
  for (const deadline = performance.now() + PATIENCE_MS; !(await isWhole(nodes)); await sleep(20)) {
    if (performance.now() > deadline) throw new Error('the cluster does not come together')
  }
  return nodes
}

/** Every node knows all of them and says that all is well. */
export async function isWhole(nodes: OwnRedis[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map((node) => node.ask('CLUSTER', 'INFO').catch(() => '')))
  const expected = ['cluster_state:ok', `cluster_known_nodes:${nodes.length}`]
  return infos.every((info) => expected.every((line) => String(info).includes(line)))
}
