import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { measureSaturation } from './measure-saturation.ts'
import type { Rig } from './rig.ts'
import { startOtlpSink } from './start-otlp-sink.ts'
import { startSwitchyard } from './start-switchyard.ts'
import { warmUp } from './warm-up.ts'

/**
 * The saturation rows of two stacks side by side, one with telemetry off and one that sends every span to a collector:
 * columns `telemetry off` and `telemetry on`, and how many spans a request made that arrived.
 */
export async function measureTelemetry(rig: Rig): Promise<void> {
  const sink = await startOtlpSink(rig.crew)
  const start = async (otlpUrl?: string) =>
    startSwitchyard(rig.crew, rig.simulator.url, { directory: await mkdtemp(join(rig.directory, 'stack-')), otlpUrl })
  const off = await start()
  const on = await start(sink.url)
  let answered = 0
  const stacks = [
    ['telemetry off', off],
    ['telemetry on', on],
  ] as const
  try {
    await warmUp(rig, 'telemetry off', off)
    answered += await warmUp(rig, 'telemetry on', on)
    for (let round = 0; round < rig.options.rounds; round++) {
      rig.say(`telemetry, round ${round + 1}`)
      const { 'telemetry on': more = 0 } = await measureSaturation(rig, stacks, round)
      answered += more
    }
    // What is still queued is sent on the way out.
    await on.stop()
    const spans = await sink.spans()
    if (spans === 0) rig.results.fail('telemetry on', 1, ['not one span arrived at the collector'])
    if (answered > 0) rig.results.add('spans per request', 'telemetry on', spans / answered)
  } finally {
    await Promise.all([off.stop(), on.stop()])
    await sink.stop()
  }
}
