import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SettingsError } from './stack-settings.ts'

/** Whether somebody listens there already. */
export async function isPortTaken(port: number, host: string): Promise<boolean> {
  return (await tryListen(port, host)) === 'EADDRINUSE'
}

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

/**
 * Throws `SettingsError` where the port is still taken after `patienceMs`: said here once, and not by a service for ever. `setting`:
 * the variable that names it.
 */
export async function requireFreePort(
  port: number,
  host: string,
  patienceMs: number,
  setting: 'PORT' | 'CONTROL_PORT' = 'PORT',
): Promise<void> {
  for (const deadline = performance.now() + patienceMs; ; await sleep(100)) {
    const problem = await tryListen(port, host)
    if (problem === undefined) return
    if (problem === 'EADDRINUSE' && performance.now() < deadline) continue
    throw new SettingsError(
      problem === 'EADDRINUSE'
        ? `Port ${port} on ${host} is taken. Set ${setting} to another one.`
        : `Can't listen on ${host}:${port} (${problem}). Set ${setting.replace('PORT', 'HOST')} and ${setting}.`,
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
