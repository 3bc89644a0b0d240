/** An API key's record, by the full SHA-256 of the key in hex. */
export function apiKeyKey(digest: string): string {
  return `sy:{key:${digest}}`
}

export function projectKey(project: string): string {
  return `sy:{${project}}:project`
}

/** Digest of the first key that `SWITCHYARD_API_KEY` gave this project. */
export function bootstrapKey(project: string): string {
  return `sy:{${project}}:bootstrap_key`
}

/** Rows of one day, by effect id. */
export function ledgerKey(project: string, day: string): string {
  return `sy:{${project}}:ledger:${day}`
}

export function totalsKey(project: string, day: string): string {
  return `sy:{${project}}:totals:${day}`
}

/** Sorted set of the project's job ids, all of the same score. */
export function jobsKey(project: string): string {
  return `sy:{${project}}:jobs`
}

/** How often prompts of the project began with what, by digest, in one window of minutes. */
export function prefixCountsKey(project: string, window: number): string {
  return `sy:{${project}}:prefixes:${window}`
}

/** What prompt caches saved the project in one hour, by digest and by model. */
export function prefixNetsKey(project: string, hour: number): string {
  return `sy:{${project}}:prefix_nets:${hour}`
}

/** How long the project's answers of each model lately were. */
export function outputsKey(project: string): string {
  return `sy:{${project}}:outputs`
}
