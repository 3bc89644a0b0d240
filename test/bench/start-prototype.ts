import { fileURLToPath } from 'node:url'
import type { Crew } from './crew.ts'
import { startRedis } from './start-redis.ts'
import { headersWith, PROVIDER_KEY, type Variant } from './variant.ts'

/** Starts the bare path (prototype/): an ingress, a worker and a Redis like ours. */
export async function startPrototype(
  crew: Crew,
  simulatorUrl: string,
  { directory, nodeOptions = [] }: { directory: string; nodeOptions?: string[] },
): Promise<Variant> {
  const redis = await startRedis(crew, directory)
  const start = (name: string, ...args: string[]) =>
    crew.start({
      name: `prototype-${name}`,
      command: process.execPath,
      args: [...nodeOptions, fileURLToPath(new URL(`prototype/${name}.ts`, import.meta.url)), redis.url, ...args],
    })
  const worker = start('worker', simulatorUrl)
  const ingress = start('ingress')
  await worker.line(/^worker ready$/)
  const [, origin = ''] = await ingress.line(/^prototype ready (http\S+)/)
  return {
    target: { origin, path: '/v1/chat/completions', headers: headersWith(PROVIDER_KEY) },
    processes: { ingress: [ingress.pid], worker: [worker.pid], redis: [redis.pid] },
    logFile: ingress.logFile,
    async stop() {
      await Promise.all([ingress.stop(), worker.stop()])
      await redis.stop()
    },
  }
}
