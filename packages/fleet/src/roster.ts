import { LAPSE_MS, type Member, REFRESH_MS } from './member.ts'

export interface Roster {
  members: readonly Member[]
  /** Ids of deployments that a live worker can serve. */
  deployments: ReadonlySet<string>
  /** Those of them that some worker answers with the simulator. */
  simulated: ReadonlySet<string>
}

const EMPTY_ROSTER: Roster = { members: [], deployments: new Set(), simulated: new Set() }

/** What the members can serve together. Suspect processes don't count: only jobs that crashed workers go there. */
export function rosterOf(members: readonly Member[]): Roster {
  const deployments = members.filter(({ role }) => role === 'worker').flatMap((worker) => worker.deployments)
  return {
    members: members.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    deployments: new Set(deployments.map(({ id }) => id)),
    simulated: new Set(deployments.filter(({ simulated }) => simulated).map(({ id }) => id)),
  }
}

export interface RosterKeeper {
  /** The same object until something changes. */
  current(): Roster
  /** What a read found at `atMs` (any clock that never goes back); true when the view is another one now. */
  take(members: readonly Member[], atMs: number): boolean
}

/**
 * Keeps the view through an outage. While Redis was away nobody could refresh, so the first reads afterwards may find that
 * everybody has lapsed; for one refresh interval those that were known before stay.
 */
export function createRosterKeeper(): RosterKeeper {
  let roster = EMPTY_ROSTER
  let lastReadAtMs: number | null = null
  let remembered: readonly Member[] = []
  let rememberUntilMs = Number.NEGATIVE_INFINITY

  return {
    current: () => roster,
    take(members, atMs) {
      if (lastReadAtMs !== null && atMs - lastReadAtMs >= LAPSE_MS - REFRESH_MS) {
        remembered = roster.members
        rememberUntilMs = atMs + REFRESH_MS
      }
      lastReadAtMs = atMs
      if (atMs >= rememberUntilMs) remembered = []
      const seen = new Set(members.map(({ id }) => id))
      const next = rosterOf([...members, ...remembered.filter(({ id }) => !seen.has(id))])
      if (JSON.stringify(next.members) === JSON.stringify(roster.members)) return false
      roster = next
      return true
    },
  }
}
