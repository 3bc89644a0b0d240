/**
 * Every key of one deployment's limiter, all on its slot, in the order in which the scripts name them (lua/state.lua says what each
 * holds): limiter, leases, line.
 */
export function limiterKeys(deployment: string): string[] {
  const base = `sy:{dep:${deployment}}`
  return [`${base}:limiter`, `${base}:leases`, `${base}:line`]
}
