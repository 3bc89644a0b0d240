import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Nodes that the bench may look into are started so: each would take the same port otherwise. Costs nothing until asked for. */
export const INSPECTABLE = ['--inspect-port=0']

export interface Inspector {
  send(method: string, params?: object): Promise<unknown>
  close(): void
}

interface Reply {
  id?: number
  result?: unknown
  error?: { message: string }
}

const LISTENS_WITHIN_MS = 5_000

/**
 * Opens the inspector of a Node process that runs (SIGUSR1) and speaks to it. One process of a log file at a time.
 *
 * @param logFile where the process's standard error goes; it says there at what address it listens
 */
export async function openInspector(pid: number, logFile: string): Promise<Inspector> {
  const socket = new WebSocket(await askForAddress(pid, logFile))
  await once(socket, 'open')
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let sent = 0
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply
    if (reply.id === undefined) return
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.error === undefined) asked?.resolve(reply.result)
    else asked?.reject(new Error(`the inspector: ${reply.error.message}`))
  })
  socket.addEventListener('close', () => {
    for (const asked of waiting.values()) asked.reject(new Error(`process ${pid} closed its inspector`))
    waiting.clear()
  })
  return {
    send(method, params = {}) {
      const asked = Promise.withResolvers<unknown>()
      waiting.set(++sent, asked)
      socket.send(JSON.stringify({ id: sent, method, params }))
      return asked.promise
    },
    close: () => socket.close(),
  }
}

async function askForAddress(pid: number, logFile: string): Promise<string> {
  const log = await open(logFile)
  try {
    const already = (await log.stat()).size
    process.kill(pid, 'SIGUSR1')
    for (const deadline = performance.now() + LISTENS_WITHIN_MS; performance.now() < deadline; await sleep(20)) {
      const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(65_536), position: already })
      const address = /Debugger listening on (ws:\/\/\S+)/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
      if (address !== undefined) return address
    }
  } finally {
    await log.close()
  }
  throw new Error(`process ${pid} did not open its inspector; see ${logFile}`)
}
