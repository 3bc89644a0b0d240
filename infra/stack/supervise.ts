import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Logger } from '@switchyard/telemetry/logger'
import { restartDelay } from './restart-delay.ts'
import type { Watchdog } from './watchdog.ts'

/** A program to keep running. */
export interface Program {
  name: string
  command: string
  args: string[]
  env: NodeJS.ProcessEnv
  directory: string
  /** Its line on standard output that says it is ready, where it has no other way; the group is its URL. */
  readyLine?: RegExp | undefined
  /** Redis is none of ours: it has no channel to speak through, and is the last to go. */
  kind: 'service' | 'redis'
}

/** A program that is being kept running. */
export interface Supervised {
  readonly name: string
  /** Resolves with the URL it told (or undefined) when its first process is ready; never rejects, a restart may still get there. */
  readonly ready: Promise<string | undefined>
  /** Pid of its living process. */
  pid(): number | undefined
  /** SIGTERM, then SIGKILL to its whole process group after `graceMs`. No restart follows. Safe twice; a shorter grace wins. */
  stop(graceMs: number): Promise<void>
}

/**
 * Starts a program and starts it again whenever it ends, with back-off (restart-delay.ts) and a log line each time.
 *
 * States of one program: running → (exit) → waiting → running …, and from anywhere → stopping → stopped.
 * A child is the head of its own process group, so that Ctrl-C in a terminal reaches only the supervisor, which ends the
 * children in its own order. Its standard output joins our standard error: ours carries nothing but the ready lines.
 * Through the IPC channel a child says `{ type: 'ready', url? }`. If we are killed, the watchdog ends the children.
 */
export function supervise(program: Program, log: Logger, watchdog: Watchdog): Supervised {
  const ready = Promise.withResolvers<string | undefined>()
  const stopped = Promise.withResolvers<void>()
  let child: ChildProcess | undefined
  let restart: NodeJS.Timeout | undefined
  let killer: NodeJS.Timeout | undefined
  let delayMs: number | undefined
  let stopping = false

  function start(): void {
    const startedAt = performance.now()
    const current = spawn(program.command, program.args, {
      cwd: program.directory,
      env: program.env,
      detached: true,
      stdio: [
        'ignore',
        program.readyLine === undefined ? 2 : 'pipe',
        2,
        ...(program.kind === 'redis' ? [] : ['ipc' as const]),
      ],
    })
    child = current
    current.on('message', (message) => {
      if (isReady(message)) ready.resolve(message.url)
    })
    if (program.readyLine !== undefined) readLines(current, program.readyLine)
    if (current.pid !== undefined) {
      log.info({ program: program.name, child: current.pid }, 'started')
      watchdog.watch(program.kind, current.pid)
    }
    current.on('error', (error) => {
      log.error({ err: error, program: program.name }, 'does not start')
      if (current.pid === undefined) ended(startedAt, null, null)
    })
    current.on('exit', (code, signal) => ended(startedAt, code, signal))
  }

  function readLines(current: ChildProcess, readyLine: RegExp): void {
    if (current.stdout === null) return
    createInterface({ input: current.stdout }).on('line', (line) => {
      const match = readyLine.exec(line)
      if (match !== null) ready.resolve(match[1])
      process.stderr.write(`${line}\n`)
    })
  }

  function ended(startedAt: number, code: number | null, signal: NodeJS.Signals | null): void {
    if (child?.pid !== undefined) watchdog.forget(child.pid)
    child = undefined
    clearTimeout(killer)
    if (stopping) {
      log.debug({ program: program.name, code, signal }, 'stopped')
      stopped.resolve()
      return
    }
    const livedMs = Math.round(performance.now() - startedAt)
    delayMs = restartDelay(delayMs, livedMs)
    log.error({ program: program.name, code, signal, livedMs, restartInMs: delayMs }, 'died, restarting')
    restart = setTimeout(start, delayMs)
  }

  start()
  return {
    name: program.name,
    ready: ready.promise,
    pid: () => child?.pid,
    stop(graceMs) {
      clearTimeout(restart)
      clearTimeout(killer)
      const current = child
      if (current?.pid === undefined) {
        stopped.resolve()
      } else {
        if (!stopping) current.kill('SIGTERM')
        killer = setTimeout(() => killGroup(current, log, program.name), graceMs)
      }
      stopping = true
      return stopped.promise
    },
  }
}

function killGroup(child: ChildProcess, log: Logger, name: string): void {
  if (child.pid === undefined) return
  log.warn({ program: name }, 'did not end in time, killed')
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function isReady(message: unknown): message is { type: 'ready'; url?: string } {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'ready'
}
