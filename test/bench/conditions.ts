import { execFile } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import type { BenchOptions } from './options.ts'

/** More runnable processes per core than this before the bench began: somebody else is at work here. */
const BUSY = 0.5

/** One line on what the figures were measured with. */
export async function describeConditions(options: BenchOptions): Promise<string> {
  const { rounds, scale, portkeyNode } = options
  const cores = cpus()
  return [
    `${cores[0]?.model.trim() || 'unknown CPU'}, ${cores.length} cores for everything (client, provider, gateway, Redis)`,
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    ...(portkeyNode === process.execPath ? [] : [`Portkey on Node ${(await version(portkeyNode)).replace(/^v/, '')}`]),
    (await version(process.env.SWITCHYARD_REDIS_SERVER || 'redis-server')).replace(
      /^(\w+) server v=(\S+).*$/s,
      '$1 $2',
    ),
    new Date().toISOString().slice(0, 10),
    loadNote(loadavg()[0] ?? 0, cores.length),
    rounds === 1 ? 'one round' : `medians of ${rounds} rounds, variants in turn`,
    ...(scale < 1 ? ['QUICK: windows too short for figures to quote'] : []),
  ].join(' · ')
}

function loadNote(load: number, cores: number): string {
  const note = `load average before ${load.toFixed(1)}`
  return load > BUSY * cores ? `${note}: NOT QUIET, figures are of a shared machine` : note
}

async function version(command: string): Promise<string> {
  return (await promisify(execFile)(command, ['--version'])).stdout.trim()
}
