import type { ObservedFleet } from '@switchyard/contract/observed'

/** What planning knows of the fleet at this moment. All of it stands in the process: a plan makes no round trip. */
export interface FleetView {
  /** Deployments that live workers announced. */
  available: ReadonlySet<string>
  observed: ObservedFleet
  /** How long a job that enters a lane now will wait there, ms; null: not known. */
  predictedWaitMs(lane: string): number | null
}

/** A fleet that nothing has been seen of but who is there. */
export function unseenFleet(available: ReadonlySet<string>): FleetView {
  return { available, observed: () => undefined, predictedWaitMs: () => null }
}
