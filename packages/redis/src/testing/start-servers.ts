import type { TestProject } from 'vitest/node'
import { startOwnCluster } from './own-cluster.ts'
import { startOwnRedis } from './own-redis.ts'

export type OwnServers = [name: string, url: string][]

declare module 'vitest' {
  interface ProvidedContext {
    servers: OwnServers
  }
}

/**
 * For vitest's `globalSetup`: a server and a cluster for one package alone, where its suites work on every job that is there (a sweep
 * takes them all in hand) or announce processes to everybody. Fails when a suite leaves a connection open that has a name.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [single, cluster] = await Promise.all([startOwnRedis(), startOwnCluster()])
  project.provide('servers', [
    ['one server', single.url],
    ['a cluster', cluster[0]!.url],
  ])
  return async () => {
    const left = (await Promise.all([single, ...cluster].map((server) => server.connections()))).flat()
    await Promise.all([single, ...cluster].map((server) => server.remove()))
    const leaked = left.filter((name) => name !== '')
    if (leaked.length > 0) throw new Error(`connections were left open: ${leaked.join(', ')}`)
  }
}
