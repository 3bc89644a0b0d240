import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type OwnRedis, startOwnRedis } from './own-redis.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const NODE = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000']

/** Three nodes of the test's own, joined to one cluster. */
export async function startOwnCluster(): Promise<OwnRedis[]> {
  const nodes = await Promise.all([1, 2, 3].map(() => startOwnRedis(NODE)))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  await until('the cluster is up', () => isClusterUp(nodes))
  return nodes
}

export async function isClusterUp(nodes: OwnRedis[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map(({ port }) => run('redis-cli', ['-p', `${port}`, 'cluster', 'info'])))
  return infos.every(({ stdout }) => stdout.includes('cluster_state:ok'))
}
