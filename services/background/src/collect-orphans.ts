import type { BlobStore } from '@switchyard/contract/blob-store'

const OLDER_THAN_MS = 3_600_000
/** No upload takes that long (ingress bounds it), so what is older belongs to a process that died. */
const UNFINISHED_OLDER_THAN_MS = 24 * 3_600_000
const AT_ONCE = 200

export interface Owner {
  project: string
  id: string
}

/** Jobs, files: whoever has blobs below its id. */
export interface OwnerKind {
  isOne(id: string): boolean
  /** Of each whether it still has its record. Rejects when that can't be said of all. */
  haveRecords(owners: readonly Owner[]): Promise<boolean[]>
}

/**
 * Deletes blobs whose owner has no record any more (a crash between blob and record, an expired record), and what writes left behind
 * whose process died. Gives of how many owners something went.
 */
export async function collectOrphans(
  blobs: BlobStore,
  kinds: readonly OwnerKind[],
  nowMs: number = Date.now(),
  olderThanMs: number = OLDER_THAN_MS,
): Promise<number> {
  let collected = await blobs.dropUnfinished(UNFINISHED_OLDER_THAN_MS)
  const waiting = new Map<OwnerKind, Owner[]>()
  async function collect(kind: OwnerKind, owners: Owner[]): Promise<void> {
    const known = await kind.haveRecords(owners)
    for (const [i, { project, id }] of owners.entries()) {
      if (known[i]) continue
      await blobs.deleteBelow(`${project}/${id}`)
      collected++
    }
    waiting.delete(kind)
  }
  for await (const { modifiedAtMs, ...owner } of listOwners(blobs)) {
    // What is nobody's was put there by somebody else: not ours to delete, and no reason to stop.
    const kind = kinds.find(({ isOne }) => isOne(owner.id))
    if (!kind || nowMs - modifiedAtMs < olderThanMs) continue
    const owners = waiting.get(kind) ?? []
    waiting.set(kind, owners)
    owners.push(owner)
    if (owners.length >= AT_ONCE) await collect(kind, owners)
  }
  for (const [kind, owners] of [...waiting]) await collect(kind, owners)
  return collected
}

/** Whoever has blobs, with the time of the last write to one of them. */
async function* listOwners(blobs: BlobStore): AsyncIterable<Owner & { modifiedAtMs: number }> {
  let owner = null as (Owner & { modifiedAtMs: number }) | null
  for await (const { name, modifiedAtMs } of blobs.list('')) {
    const [project, id] = name.split('/') as [string, string]
    if (owner?.project === project && owner.id === id) {
      owner.modifiedAtMs = Math.max(owner.modifiedAtMs, modifiedAtMs)
      continue
    }
    if (owner) yield owner
    owner = { project, id, modifiedAtMs }
  }
  if (owner) yield owner
}
