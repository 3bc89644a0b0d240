/** Draws that a seed fixes, so that a simulation can be repeated. */
export interface SeededRandom {
  /** 0 ≤ x < 1 */
  uniform(): number
  exponential(mean: number): number
  /** By its median and 95th percentile. */
  lognormal(p50: number, p95: number): number
}

/** The standard normal's 95th percentile. */
const Z95 = 1.6449

/** mulberry32: 32 bits of state are plenty for some hundred thousand draws. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  function uniform(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    uniform,
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    lognormal: (p50, p95) => p50 * Math.exp((normal() * Math.log(p95 / p50)) / Z95),
  }
}
