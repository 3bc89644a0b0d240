import type { Source } from '../metrics/source.ts'
import { readFleet } from './fleet.ts'
import { readHealth } from './health.ts'
import { readLanes } from './lanes.ts'
import { readLimits } from './limits.ts'
import { readMemory } from './memory.ts'
import type { Reading } from './reading.ts'

/** Everything that the page shows, by where it comes from. */
export function listSources(reading: Reading): Source[] {
  return [
    { name: 'fleet', read: () => readFleet(reading) },
    { name: 'limits', read: () => readLimits(reading) },
    { name: 'lanes', read: () => readLanes(reading) },
    { name: 'health', read: () => readHealth(reading) },
    { name: 'memory', read: () => readMemory(reading) },
  ]
}
