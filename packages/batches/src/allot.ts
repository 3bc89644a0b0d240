/** A batch that wants lines to be taken. */
export interface Contender {
  batchId: string
  project: string
  /** Lines that it could take now: its window's room, at most what it has left. */
  room: number
  /** What a line of it costs, in estimated tokens. */
  cost: number
  /** Where its lines go; batches that go to the same place share its room. */
  lane: string
}

/** What is remembered between rounds: who was served last, and what projects have in hand. */
export interface Turns {
  lastProject: string | null
  lastBatch: Map<string, string>
  credit: Map<string, number>
}

export function newTurns(): Turns {
  return { lastProject: null, lastBatch: new Map(), credit: new Map() }
}

/**
 * Deficit round robin over projects, by estimated tokens, and within a project round robin over its batches, a line at a time: a batch of 50,000 lines
 * gets no more of a lane than the small one beside it. `laneRoom`: how many lines each lane takes now.
 * Changes `turns`; gives the lines of each batch, those with none left out.
 */
export function allot(
  contenders: readonly Contender[],
  laneRoom: ReadonlyMap<string, number>,
  turns: Turns,
): Map<string, number> {
  const lines = new Map<string, number>()
  const left = new Map(laneRoom)
  const projects = after(
    [...Map.groupBy(contenders, ({ project }) => project)].map(([project, own]) => ({
      id: project,
      batches: after(
        own.map((contender) => ({ ...contender, id: contender.batchId })),
        turns.lastBatch.get(project) ?? null,
      ),
    })),
    turns.lastProject,
  )
  // One round lets everybody take at least one line.
  const quantum = Math.max(1, ...contenders.map(({ cost }) => cost))
  const isOpen = ({ room, lane }: { room: number; lane: string }) => room > 0 && (left.get(lane) ?? 0) > 0

  for (let served = true; served; ) {
    served = false
    for (const project of projects) {
      let open = project.batches.filter(isOpen)
      if (open.length === 0) {
        // Credit is not saved up while there is nothing to spend it on.
        turns.credit.delete(project.id)
        continue
      }
      let credit = (turns.credit.get(project.id) ?? 0) + quantum
      while (open.length > 0 && credit >= open[0]!.cost) {
        const batch = open[0]!
        credit -= batch.cost
        batch.room--
        left.set(batch.lane, left.get(batch.lane)! - 1)
        lines.set(batch.batchId, (lines.get(batch.batchId) ?? 0) + 1)
        turns.lastProject = project.id
        turns.lastBatch.set(project.id, batch.batchId)
        project.batches.push(...project.batches.splice(project.batches.indexOf(batch), 1))
        open = [...open.slice(1), batch].filter(isOpen)
        served = true
      }
      turns.credit.set(project.id, credit)
      if (!served) served = open.length > 0
    }
  }
  const known = new Set(projects.map(({ id }) => id))
  for (const memory of [turns.credit, turns.lastBatch])
    for (const id of memory.keys()) if (!known.has(id)) memory.delete(id)
  return lines
}

/** The same ring, beginning behind the one that was served last. */
function after<T extends { id: string }>(ring: T[], last: string | null): T[] {
  const sorted = ring.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const at = last === null ? -1 : sorted.findLastIndex(({ id }) => id <= last)
  return [...sorted.slice(at + 1), ...sorted.slice(0, at + 1)]
}
