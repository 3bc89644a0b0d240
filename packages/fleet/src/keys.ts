/** Everything of the fleet is in one slot, and its channel with it. Tests give a prefix, with a hash tag, of their own. */
const FLEET_PREFIX = 'sy:{fleet}'

export interface FleetKeys {
  /** Hash: member id → what it announced, JSON. */
  members: string
  /** Sorted set: member id → when it lapses, epoch ms of Redis. */
  expiries: string
  /** Sharded channel: told when a member comes, changes or goes. */
  channel: string
}

export function fleetKeys(prefix: string = FLEET_PREFIX): FleetKeys {
  return { members: `${prefix}:members`, expiries: `${prefix}:expiries`, channel: prefix }
}

/** Hash: who leads in this role, until when, and the number of its term. */
export function leadKey(role: string, prefix: string = FLEET_PREFIX): string {
  return `${prefix}:lead:${role}`
}

export interface NumbersKeys {
  /** Hash: member id → what it has counted since it began, JSON. */
  numbers: string
  /** Sorted set: member id → when it last published, epoch ms of Redis. */
  seen: string
  /** Hash: `counted`, the sum of members that have gone, JSON; `version`, how often it was written. */
  gone: string
}

export function numbersKeys(prefix: string = FLEET_PREFIX): NumbersKeys {
  return { numbers: `${prefix}:numbers`, seen: `${prefix}:numbers:seen`, gone: `${prefix}:numbers:gone` }
}
