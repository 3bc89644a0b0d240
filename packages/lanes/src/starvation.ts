export interface FetchSample {
  /** Any clock that never goes back, ms. */
  atMs: number
  /** Deliveries of the lane that could be fetched. */
  waiting: number
  freeSlots: number
  lastFetchAtMs: number
}

/**
 * Tells a fetcher that is idle from one that is stuck: deliveries wait and slots are free, seen twice in a row with no
 * fetch coming back in between, and the last one came back `starvedMs` ago or longer. The first condition gives a fetcher
 * that just got its Redis back the time between two samples to help itself.
 */
export function createStarvationMeter(starvedMs: number): { isStarved(sample: FetchSample): boolean } {
  let sinceMs: number | null = null
  return {
    isStarved({ atMs, waiting, freeSlots, lastFetchAtMs }) {
      if (waiting === 0 || freeSlots <= 0) {
        sinceMs = null
        return false
      }
      if (sinceMs === null || lastFetchAtMs > sinceMs) {
        sinceMs = atMs
        return false
      }
      return atMs - lastFetchAtMs >= starvedMs
    },
  }
}
