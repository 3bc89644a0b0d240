import type { Catalog } from '@switchyard/catalog/catalog'
import type { FleetNumbers } from '@switchyard/fleet/numbers/read-numbers'
import type { HealthWatch } from '@switchyard/health/watch'
import type { RedisClient } from '@switchyard/redis/connect'

/** What the sources read from. */
export interface Reading {
  redis: RedisClient
  catalog(): Catalog
  health: HealthWatch
  /** The fleet's numbers, read once for all sources of a page. */
  numbers(): Promise<FleetNumbers>
}

/** Deployments and lanes that are looked at, in the order of the catalog: a page of tens of thousands would be read by nobody. */
export const MOST_LOOKED_AT = 500
