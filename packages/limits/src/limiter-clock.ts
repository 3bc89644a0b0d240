/** For tests: how long a minute is and what time it is, in ms. Otherwise 60,000 and Redis' own clock, which all machines share. */
export interface LimiterClock {
  minuteMs?: number
  nowMs?: number
}

/** How every script's arguments begin. */
export function clockArgs(clock: LimiterClock = {}): [nowMs: number, minuteMs: number] {
  return [clock.nowMs ?? 0, clock.minuteMs ?? 60_000]
}
