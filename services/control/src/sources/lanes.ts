import type { Catalog, Deployment } from '@switchyard/catalog/catalog'
import { laneOf } from '@switchyard/catalog/lane-of'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import { type LaneSurvey, surveyLanes } from '@switchyard/lanes/survey'
import type { MetricsSnapshot, Series } from '@switchyard/telemetry/metric-registry'
import { OTHER } from '@switchyard/telemetry/metrics'
import { meanTokens, secondsOfBacklog } from './backlog.ts'
import { MOST_LOOKED_AT, type Reading } from './reading.ts'

/** Projects that are shown by name; what the others have waiting is one sum. */
const MOST_PROJECTS = 10

/** What waits in every lane of the catalog, for how long already, and for how much longer at the least. */
export async function readLanes({ redis, catalog, numbers }: Reading): Promise<MetricsSnapshot> {
  const lanes = [...lanesOf(catalog())].slice(0, MOST_LOOKED_AT)
  const [{ counted }, found] = await Promise.all([
    numbers(),
    surveyLanes(
      redis,
      lanes.map(([lane]) => lane),
    ),
  ])
  const jobs: Series[] = []
  const oldest: Series[] = []
  const backlog: Series[] = []
  const projects: Series[] = []
  lanes.forEach(([lane, deployments], i) => {
    const { waiting, delayed, active, oldestAtMs, ahead } = found[i]!
    projects.push(...waitingOf(lane, ahead))
    jobs.push([[lane, 'waiting'], waiting], [[lane, 'delayed'], delayed], [[lane, 'active'], active])
    oldest.push([[lane], oldestAtMs === null ? 0 : Math.max(0, Date.now() - oldestAtMs) / 1_000])
    const limits = deployments.map((deployment) => deployment.limits)
    const seconds = secondsOfBacklog(waiting + delayed, meanTokens(counted, deployments), limits)
    if (seconds !== null) backlog.push([[lane], seconds])
  })
  return {
    switchyard_lane_jobs: jobs,
    switchyard_lane_oldest_wait_seconds: oldest,
    switchyard_project_waiting_tokens: projects,
    switchyard_seconds_of_backlog_at_quota: backlog,
  }
}

function waitingOf(lane: string, ahead: LaneSurvey['ahead']): Series[] {
  const series = ahead.slice(0, MOST_PROJECTS).map(({ project, tokens }): Series => [[lane, project], tokens])
  const rest = ahead.slice(MOST_PROJECTS).reduce((sum, { tokens }) => sum + tokens, 0)
  return rest > 0 ? [...series, [[lane, OTHER], rest]] : series
}

/** Every lane with the deployments that run its jobs. */
function lanesOf({ deployments }: Catalog): Map<string, Deployment[]> {
  const lanes = new Map<string, Deployment[]>()
  for (const deployment of deployments.values()) {
    for (const tier of ['interactive', 'batch'] as const) {
      const lane = laneOf(deployment, tier)
      lanes.set(lane, [...(lanes.get(lane) ?? []), deployment])
    }
  }
  return lanes.set(SUSPECT_LANE, [])
}
