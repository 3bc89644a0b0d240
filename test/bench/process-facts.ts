import { readdirSync, readFileSync } from 'node:fs'
import type { Processes } from './load.ts'

/** /proc counts CPU time in hundredths of a second on every Linux of today (USER_HZ). */
const MS_PER_TICK = 10

/** CPU time so far by name, user and system, ms. A process that has ended counts nothing. */
export function cpuTimes(processes: Processes): Record<string, number> {
  return overAll(processes, (pid) => {
    const fields = statFields(pid)
    return fields === null ? 0 : (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  })
}

/** Resident memory by name, KB. */
export function residentKb(processes: Processes): Record<string, number> {
  return overAll(processes, (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0))
}

export interface FoundProcess {
  pid: number
  /** Its arguments, parted by spaces. */
  command: string
}

/** Every living process below this one. */
export function descendants(ancestor: number): FoundProcess[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    const parent = Number.isInteger(pid) ? Number(statFields(pid)?.[1] ?? 0) : 0
    if (parent !== 0) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)])
  return below(ancestor).map((pid) => ({
    pid,
    command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
  }))
}

/** A variable of a process's environment, as it was started. */
export function environmentOf(pid: number, name: string): string | undefined {
  const line = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((entry) => entry.startsWith(`${name}=`))
  return line?.slice(name.length + 1)
}

function overAll(processes: Processes, fact: (pid: number) => number): Record<string, number> {
  const sum = (pids: number[]) => pids.reduce((total, pid) => total + fact(pid), 0)
  return Object.fromEntries(Object.entries(processes).map(([name, pids]) => [name, sum(pids)]))
}

/** The fields of /proc/<pid>/stat from the third on (state): the second is a name in parentheses that may hold anything. */
function statFields(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
