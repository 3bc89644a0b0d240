/** How a consumer treats its lane. Tests shorten them; the defaults are the product's. */
export interface LaneSettings {
  /** A held delivery that is not renewed for so long counts as abandoned; renewed after half of it. */
  lockDurationMs: number
  /** How often somebody of the lane looks for abandoned ones. It takes two looks. */
  stalledIntervalMs: number
  /** How long an idle fetch blocks before it looks by itself: what a lost wake-up costs at most. A silent one costs 1 s more. */
  idleFetchSeconds: number
  /** The watchdog's look at the fetchers; at the lane too when a fetch is overdue. */
  watchEveryMs: number
  /** Deliveries wait, slots are free and no fetch came back for so long: the fetcher is replaced. BullMQ's own remedy comes first. */
  starvedMs: number
}

export const LANE_SETTINGS: LaneSettings = {
  lockDurationMs: 12_000,
  stalledIntervalMs: 5_000,
  idleFetchSeconds: 2,
  watchEveryMs: 500,
  starvedMs: 4_000,
}

/** All locks of a fetcher are renewed in one script, 3 µs each: more slots get more fetchers. */
export const SLOTS_PER_WORKER = 1_000
