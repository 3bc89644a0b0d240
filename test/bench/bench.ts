// npm run bench: Switchyard beside a plain proxy and a peer, in front of one simulator, in one run. `--help` lists the options.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startClient } from './client-process.ts'
import { describeConditions } from './conditions.ts'
import { createCrew } from './crew.ts'
import { measureBatches } from './measure-batches.ts'
import { inTurn } from './measure-first-token.ts'
import { measureLanes } from './measure-lanes.ts'
import { measureMemory } from './measure-memory.ts'
import { measureRouting } from './measure-routing.ts'
import { measureTelemetry } from './measure-telemetry.ts'
import { measureVariants } from './measure-variants.ts'
import { measureWaits } from './measure-waits.ts'
import { measureWebhooks } from './measure-webhooks.ts'
import { type BenchOptions, readOptions, USAGE } from './options.ts'
import { report } from './report.ts'
import { createResults } from './results.ts'
import { startSimulator } from './start-simulator.ts'

process.exit(await main(process.argv.slice(2)))

async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options === 'help') process.stdout.write(`${USAGE}\n`)
    return options === 'help' ? 0 : await bench(options)
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

/** Resolves to the exit code: 1 when one request failed. Whatever happens, nothing that was started is left behind. */
async function bench(options: BenchOptions): Promise<number> {
  if (process.platform !== 'linux') throw new Error('it reads CPU time and memory from /proc, so it runs on Linux only')
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-bench-'))
  const crew = createCrew(directory)
  const client = startClient()
  const results = createResults()
  const since = performance.now()
  const say = (what: string) =>
    process.stderr.write(`${String(Math.round((performance.now() - since) / 1000)).padStart(4)} s  ${what}\n`)

  let interrupted = false
  async function clear(): Promise<void> {
    await Promise.all([crew.stop(), client.stop()])
    await rm(directory, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted) return
      interrupted = true
      void clear().finally(() => process.exit(130))
    })
  }

  try {
    const conditions = await describeConditions(options)
    const { sections, variants, rounds } = options
    const rig = { options, directory, crew, client, results, say, simulator: await startSimulator(crew) }
    if (sections.has('ttft') || sections.has('saturation') || options.profile !== null) await measureVariants(rig)
    if (sections.has('telemetry')) await measureTelemetry(rig)
    if (sections.has('memory')) {
      // The bare path has no slots for so many streams.
      const names = [...variants].filter((name) => name !== 'direct' && name !== 'prototype')
      for (let round = 0; round < rounds; round++) {
        for (const name of inTurn(names, round)) {
          say(`memory of ${name}, round ${round + 1}`)
          await measureMemory(rig, name)
        }
      }
    }
    if (sections.has('lanes')) await measureLanes(rig)
    if (sections.has('batches')) await measureBatches(rig)
    if (sections.has('webhooks')) await measureWebhooks(rig)
    if (sections.has('routing')) await measureRouting(rig)
    if (sections.has('waits')) await measureWaits(rig)

    const text = report(results, conditions, options.heldStreams)
    process.stdout.write(`\n${text}`)
    if (options.out !== null) await writeFile(options.out, text)
    return results.failed() === 0 ? 0 : 1
  } finally {
    if (!interrupted) await clear()
  }
}
