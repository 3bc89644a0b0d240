/** BullMQ's range; a lower number goes first, equal ones in the order of their adds. 0 would overtake everybody. */
export const HIGHEST_PRIORITY = 1
export const LOWEST_PRIORITY = 2_097_151

/** What an add without a priority gets: the middle, so that there is room on both sides. */
export const DEFAULT_PRIORITY = 1_048_576

/** The nearest whole number of BullMQ's range. */
export function clampPriority(priority: number): number {
  if (Number.isNaN(priority)) return DEFAULT_PRIORITY
  return Math.min(LOWEST_PRIORITY, Math.max(HIGHEST_PRIORITY, Math.round(priority)))
}
