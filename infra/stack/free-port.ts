import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SettingsError } from './stack-settings.ts'

/** A port of this machine that nobody listens on just now. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Throws `SettingsError` where the port is still taken after `patienceMs`: said here once, and not by a service for ever. */
export async function requireFreePort(port: number, host: string, patienceMs: number): Promise<void> {
  for (const deadline = performance.now() + patienceMs; ; await sleep(100)) {
    const problem = await tryListen(port, host)
    if (problem === undefined) return
    if (problem === 'EADDRINUSE' && performance.now() < deadline) continue
    throw new SettingsError(
      problem === 'EADDRINUSE'
        ? `Port ${port} on ${host} is taken. Set PORT to another one (CONTROL_PORT is the one after it).`
        : `Can't listen on ${host}:${port} (${problem}). Set HOST and PORT.`,
    )
  }
}

async function tryListen(port: number, host: string): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ port, host })
    await once(server, 'listening')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
  server.close()
  await once(server, 'close')
  return undefined
}
