import { readFileSync } from 'node:fs'
import { type Command, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'
import { type LaneReport, parseReport } from './lane-report.ts'

const LOOK = defineScript('lane-look', readFileSync(new URL('./lua/look-at-lane.lua', import.meta.url), 'utf8'))

export interface LaneLook {
  /** By Redis' clock. */
  nowMs: number
  waiting: number
  delayed: number
  active: number
  /** By worker. */
  reports: Map<string, LaneReport & { atMs: number }>
  /** Of each delivery that was asked about: it waits still. */
  waits: boolean[]
  samples: { id: string; position: number }[]
}

/** One look: O(log n) for each of `ids` and `samples` (places in the lane, 0 its head, 1 its end). */
export function lookCommand(keys: LaneKeys, ids: readonly string[], samples: readonly number[]): Command {
  const { wait, prioritized, delayed, active, report } = keys
  return scriptCommand(LOOK, [wait, prioritized, delayed, active, report], [ids.length, ...ids, ...samples])
}

export function parseLook(value: unknown): LaneLook {
  const [nowMs, waiting, delayed, active, hash, waits, sampled] = value as [
    number,
    number,
    number,
    number,
    string[],
    number[],
    (string | number)[],
  ]
  const reports: LaneLook['reports'] = new Map()
  for (let i = 0; i < hash.length; i += 2) {
    const report = parseReport(hash[i + 1]!)
    if (report) reports.set(hash[i]!, report)
  }
  const samples: LaneLook['samples'] = []
  for (let i = 0; i < sampled.length; i += 2) {
    samples.push({ id: sampled[i] as string, position: sampled[i + 1] as number })
  }
  return { nowMs, waiting, delayed, active, reports, waits: waits.map((flag) => flag === 1), samples }
}
