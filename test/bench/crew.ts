import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A process that the bench started. */
export interface Member {
  name: string
  pid: number
  /** Where its standard error goes: logs of a loaded service would cost the bench CPU. */
  logFile: string
  /** The first line of its standard output that matches. Rejects when it ends without one, or after `READY_WITHIN_MS`. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** SIGTERM, then SIGKILL. Safe twice. */
  stop(): Promise<void>
}

export interface Crew {
  start(program: { name: string; command: string; args: string[]; env?: NodeJS.ProcessEnv }): Member
  /** Ends everybody who still lives. Safe twice. */
  stop(): Promise<void>
}

const READY_WITHIN_MS = 60_000
/** A stack promises to be gone within 10 s. */
const END_WITHIN_MS = 12_000

/** Starts processes, and forgets none of them. Logs go to `directory`. */
export function createCrew(directory: string): Crew {
  const members = new Set<Member>()
  let started = 0
  return {
    start({ name, command, args, env = process.env }) {
      const logFile = join(directory, `${++started}-${name}.log`)
      const log = openSync(logFile, 'a')
      const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', log] })
      closeSync(log)
      const member = memberOf(child, name, logFile)
      members.add(member)
      child.once('exit', () => members.delete(member))
      return member
    },
    async stop() {
      await Promise.all([...members].map((member) => member.stop()))
    },
  }
}

function memberOf(child: ChildProcess, name: string, logFile: string): Member {
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const lines: string[] = []
  const reader = child.stdout === null ? null : createInterface({ input: child.stdout })
  reader?.on('line', (line) => {
    if (lines.length < 1_000) lines.push(line)
  })

  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    async line(pattern) {
      const found = Promise.withResolvers<RegExpExecArray>()
      const look = (line: string) => {
        const match = pattern.exec(line)
        if (match !== null) found.resolve(match)
      }
      lines.forEach(look)
      reader?.on('line', look)
      const late = setTimeout(() => found.reject(new Error(`${name} did not say ${pattern}`)), READY_WITHIN_MS)
      const gone = ended.then((how) => Promise.reject(new Error(`${name} ended: ${how}`)))
      try {
        return await Promise.race([found.promise, gone])
      } catch (error) {
        throw new Error(`${(error as Error).message}${lastWords(logFile)}`)
      } finally {
        clearTimeout(late)
        reader?.off('line', look)
        gone.catch(() => {})
      }
    },
    async stop() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
      await ended
      clearTimeout(killer)
    },
  }
}

/** The end of a log, for the message of an error: the log itself is removed with the rest. */
function lastWords(logFile: string): string {
  const log = readFileSync(logFile, 'utf8').trim()
  return log === '' ? '' : `; its log ends with\n${log.slice(-2_000)}`
}
