import { fileURLToPath } from 'node:url'
import type { Crew } from './crew.ts'
import { headersWith, PROVIDER_KEY, type Variant } from './variant.ts'

/** Starts the plain reverse proxy (proxy.ts) in front of the simulator. */
export async function startProxy(crew: Crew, simulatorUrl: string, nodeOptions: string[] = []): Promise<Variant> {
  const member = crew.start({
    name: 'proxy',
    command: process.execPath,
    args: [...nodeOptions, fileURLToPath(new URL('proxy.ts', import.meta.url)), simulatorUrl],
  })
  const [, origin = ''] = await member.line(/^proxy ready (http\S+)/)
  return {
    target: { origin, path: '/v1/chat/completions', headers: headersWith(PROVIDER_KEY) },
    processes: { proxy: [member.pid] },
    logFile: member.logFile,
    stop: () => member.stop(),
  }
}
