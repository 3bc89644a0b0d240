let offset = Date.now() - performance.now()

/**
 * Epoch milliseconds with a fraction, so that spans shorter than one have a length. Follows the system's clock where it
 * was set or the machine slept: `performance.timeOrigin` alone would drift away for ever.
 */
export function wallClockMs(): number {
  const now = performance.now() + offset
  const wall = Date.now()
  if (Math.abs(wall - now) < 20) return now
  offset += wall - now
  return wall
}
