const NANO_PER_USD = 1_000_000_000

/** Nano-dollars as a decimal of dollars, exact and without an exponent: 1_250_000 → `0.00125`. */
export function usdDecimal(nanoUsd: number): string {
  const dollars = Math.trunc(nanoUsd / NANO_PER_USD)
  const fraction = (nanoUsd % NANO_PER_USD).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${dollars}` : `${dollars}.${fraction}`
}

/** Nano-dollars as the number of dollars that JSON carries. */
export function usdNumber(nanoUsd: number): number {
  return nanoUsd / NANO_PER_USD
}

/** Dollars as whole nano-dollars, rounded down. */
export function nanoUsd(usd: number): number {
  return Math.floor(usd * NANO_PER_USD + 1e-6)
}
