const NAME = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){1,3}$/
const PREFIX = /^$|^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,2}$/

/** Throws for what could lead out of the store. Names are built by us, so a wrong one is a fault of ours. */
export function checkBlobName(name: string): string {
  if (!NAME.test(name)) throw new Error(`not a blob name: ${JSON.stringify(name)}`)
  return name
}

/** Throws for what is no row of whole segments; '' stands for everything. */
export function checkBlobPrefix(prefix: string): string {
  if (!PREFIX.test(prefix)) throw new Error(`not a blob prefix: ${JSON.stringify(prefix)}`)
  return prefix
}

/** Whether something found in a store can be a blob of ours. */
export function isBlobName(name: string): boolean {
  return NAME.test(name)
}
