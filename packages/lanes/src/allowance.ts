/** How many more deliveries may be fetched from a lane; one for all fetchers of a consumer. */
export interface Allowance {
  readonly isUnlimited: boolean
  /** Before a fetch. False: there is none left. */
  take(): boolean
  /** The fetch brought a delivery. */
  used(): void
  /** The fetch brought nothing. */
  giveBack(): void
}

/** `onUsedUp` is called as soon as the last one was used. */
export function createAllowance(onUsedUp: () => void): Allowance & { set(deliveries: number): void } {
  let left = Number.POSITIVE_INFINITY
  return {
    get isUnlimited() {
      return left === Number.POSITIVE_INFINITY
    },
    take() {
      if (left <= 0) return false
      left--
      return true
    },
    used() {
      if (left <= 0) onUsedUp()
    },
    giveBack() {
      left++
    },
    set(deliveries) {
      left = deliveries
    },
  }
}
