/**
 * Every key of one deployment's limiter, all on its slot, in the order in which the scripts name them (lua/prelude.lua says what each
 * holds): windows, in flight, line, booked, limited, and, for one lease, its grant.
 */
export function limiterKeys(deployment: string, lease?: string): string[] {
  const base = `sy:{dep:${deployment}}`
  const keys = [`${base}:windows`, `${base}:in_flight`, `${base}:line`, `${base}:booked`, `${base}:limited`]
  return lease === undefined ? keys : [...keys, `${base}:grant:${lease}`]
}
