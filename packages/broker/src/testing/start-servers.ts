import { startOwnCluster } from '@switchyard/redis/testing/own-cluster'
import { startOwnRedis } from '@switchyard/redis/testing/own-redis'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    servers: [name: string, url: string][]
  }
}

/**
 * A server and a cluster for this package alone: a sweep takes every job of a server in hand, also those that the tests of other
 * packages have laid out there.
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
