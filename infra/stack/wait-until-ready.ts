import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 50

/** Resolves once `GET <url>/readyz` answers 200. Rejects with the last answer after `patienceMs`, and when `signal` aborts. */
export async function waitUntilReady(url: string, patienceMs: number, signal: AbortSignal): Promise<void> {
  let last = 'no answer'
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await sleep(EVERY_MS)) {
    signal.throwIfAborted()
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) })
      if (response.status === 200) {
        await response.body?.cancel()
        return
      }
      last = `${response.status} ${(await response.text()).slice(0, 300)}`
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
  }
  throw new Error(`not ready after ${Math.round(patienceMs / 1000)} s; /readyz last said: ${last}`)
}
