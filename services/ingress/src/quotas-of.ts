import type { Catalog } from '@switchyard/catalog/catalog'
import { type LaneQuota, laneQuotas } from '@switchyard/catalog/lane-quota'

/** The quotas of all lanes, computed once for each catalog. */
export function quotasOf(current: () => Catalog): () => Map<string, LaneQuota> {
  let catalog: Catalog | undefined
  let quotas = new Map<string, LaneQuota>()
  return () => {
    const now = current()
    if (now !== catalog) {
      catalog = now
      quotas = laneQuotas(now)
    }
    return quotas
  }
}
