import type { BatchRecord } from '@switchyard/batches/batch-record'
import type { Broker } from '../broker.ts'

/** Lines that wait in a lane: half a second of its work, so that a batch that comes later hardly waits for those before it. */
const SECONDS_OF_WORK = 0.5
const LEAST = 64
const MOST = 512

/**
 * How many lines each lane takes now, beside those that wait in it; '' stands for lanes that are not known yet. `laneOf`: where a batch's
 * lines go.
 */
export async function laneRooms(
  broker: Broker,
  batches: readonly BatchRecord[],
  laneOf: (batchId: string) => string,
): Promise<Map<string, number>> {
  const byLane = Map.groupBy(batches, ({ spec }) => laneOf(spec.id))
  const rooms = await Promise.all(
    [...byLane].map(async ([lane, own]): Promise<[string, number]> => {
      if (lane === '') return [lane, LEAST]
      const { waiting } = await broker.producer.depth(lane)
      const rate = own.reduce((sum, { ratePerSecond }) => sum + (ratePerSecond ?? 0), 0)
      const target = Math.min(MOST, Math.max(LEAST, Math.ceil(rate * SECONDS_OF_WORK)))
      return [lane, Math.max(0, target - waiting)]
    }),
  )
  return new Map(rooms)
}
