import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { checkout } from './checkout.ts'
import type { Rig } from './rig.ts'

const JOBS = 8_000

interface Way {
  name: string
  usdPerThousand: number
  latencyMs: { mean: number; p50: number; p95: number }
  missed: number
  quality: number
}

/** Ways of choosing a deployment, simulated on recorded latencies (packages/catalog/src/simulation). The same in every round. */
export async function measureRouting(rig: Rig): Promise<void> {
  rig.say('routing policies, simulated')
  const jobs = String(Math.round(JOBS * rig.options.scale))
  const script = checkout('packages/catalog/src/simulation/routing.bench.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, jobs])
  for (const line of stdout.trimEnd().split('\n')) {
    const { name, usdPerThousand, latencyMs, missed, quality } = JSON.parse(line) as Way
    rig.results.add('routing usd', name, usdPerThousand)
    rig.results.add('routing mean', name, latencyMs.mean)
    rig.results.add('routing p50', name, latencyMs.p50)
    rig.results.add('routing p95', name, latencyMs.p95)
    rig.results.add('routing missed', name, missed)
    rig.results.add('routing quality', name, quality)
  }
}
