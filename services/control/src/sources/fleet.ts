import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import type { Reading } from './reading.ts'

/** What the processes of the fleet have counted, and how many they are. */
export async function readFleet({ numbers }: Reading): Promise<MetricsSnapshot> {
  const { counted, members } = await numbers()
  return { ...counted, switchyard_fleet_members: [...members].map(([role, count]) => [[role], count]) }
}
