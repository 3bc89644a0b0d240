import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Command, Held, Hold, Load, Measured } from './load.ts'

export interface ClientProcess {
  run(load: Load): Promise<Measured>
  hold(hold: Hold): Promise<Held>
  /** Drops the held streams; tells what went wrong with them meanwhile. */
  release(): Promise<Held>
  stop(): Promise<void>
}

/** Starts the load client (load-client.ts). One command at a time. */
export function startClient(): ClientProcess {
  const child = fork(fileURLToPath(new URL('load-client.ts', import.meta.url)), { stdio: ['ignore', 2, 2, 'ipc'] })
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the load client ended')))
  gone.catch(() => {})

  async function ask(command: Command): Promise<Measured | Held> {
    const answered = once(child, 'message')
    child.send(command)
    const [answer] = (await Promise.race([answered, gone])) as [Answer]
    if (!answer.ok) throw new Error(`the load client: ${answer.reason}`)
    return answer.value
  }

  return {
    run: (load) => ask({ do: 'run', load }) as Promise<Measured>,
    hold: (hold) => ask({ do: 'hold', hold }) as Promise<Held>,
    release: () => ask({ do: 'release' }) as Promise<Held>,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await gone.catch(() => {})
    },
  }
}
