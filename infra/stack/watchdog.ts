import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Sees to it that nothing outlives this process, even when it is killed: a shell of half a megabyte (watchdog.sh). */
export interface Watchdog {
  /** `redis` is ended last. */
  watch(kind: 'service' | 'redis', pid: number): void
  /** Its pid may belong to a stranger from now on. */
  forget(pid: number): void
  /** For when everything is gone: nothing is ended any more. */
  stop(): void
}

const SCRIPT = fileURLToPath(new URL('./watchdog.sh', import.meta.url))

/** @param drainS seconds that services have between SIGTERM and SIGKILL once this process is gone */
export function startWatchdog(drainS: number): Watchdog {
  const shell = spawn('/bin/sh', [SCRIPT, String(drainS)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const tell = (line: string) => {
    if (shell.stdin?.writable) shell.stdin.write(`${line}\n`)
  }
  // Without a shell there is no watchdog, and no reason not to run.
  shell.on('error', () => {})
  shell.stdin?.on('error', () => {})
  shell.unref()
  return {
    watch: (kind, pid) => tell(`${kind} ${pid}`),
    forget: (pid) => tell(`gone ${pid}`),
    stop: () => {
      shell.kill('SIGKILL')
    },
  }
}
