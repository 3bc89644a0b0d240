import { readMemory as readNodes } from '@switchyard/redis/check-policy'
import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import type { Reading } from './reading.ts'

/** How full Redis is. */
export async function readMemory({ redis }: Reading): Promise<MetricsSnapshot> {
  const nodes = await readNodes(redis)
  const total = (of: 'used' | 'max') => nodes.reduce((sum, node) => sum + node[of], 0)
  const fullest = Math.max(0, ...nodes.map(({ used, max }) => (max > 0 ? used / max : 0)))
  return {
    switchyard_redis_memory_used_bytes: [[[], total('used')]],
    switchyard_redis_memory_limit_bytes: [[[], total('max')]],
    switchyard_redis_memory_fullest_ratio: [[[], fullest]],
  }
}
