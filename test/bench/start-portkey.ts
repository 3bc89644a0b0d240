import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Crew } from './crew.ts'
import { headersWith, PROVIDER_KEY, type Variant } from './variant.ts'

/**
 * Portkey's gateway as its package starts it, without the page that shows requests; null where it is not installed.
 *
 * @param node the Node that runs it
 */
export async function startPortkey(
  crew: Crew,
  simulatorUrl: string,
  node: string,
  nodeOptions: string[] = [],
): Promise<Variant | null> {
  const script = findScript()
  if (script === null) return null
  const port = await freePort()
  const member = crew.start({
    name: 'portkey',
    command: node,
    args: [
      ...nodeOptions,
      ...['--import', fileURLToPath(new URL('portkey-loopback.mjs', import.meta.url))],
      script,
      ...[`--port=${port}`, '--headless'],
    ],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await member.line(/Ready for connections/)
  return {
    target: {
      origin: `http://127.0.0.1:${port}`,
      path: '/v1/chat/completions',
      headers: headersWith(PROVIDER_KEY, {
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${simulatorUrl}/openai/v1`,
      }),
    },
    processes: { portkey: [member.pid] },
    logFile: member.logFile,
    stop: () => member.stop(),
  }
}

function findScript(): string | null {
  try {
    return fileURLToPath(import.meta.resolve('@portkey-ai/gateway/build/start-server.js'))
  } catch {
    return null
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return address.port
}
