/** BullMQ's range; a lower number goes first, equal ones in the order of their adds. 0 would overtake everybody. */
export const HIGHEST_PRIORITY = 1
export const LOWEST_PRIORITY = 2_097_151
