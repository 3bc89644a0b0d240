import { newJobId } from '@switchyard/contract/ids'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { laneKeys } from './keys.ts'
import { surveyLanes } from './survey.ts'
import { type LaneBundle, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('a survey on %s', (_name, url) => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(url)
  })
  afterEach(() => bundle.close())

  const survey = async () => (await surveyLanes(bundle.redis, [bundle.lane]))[0]!
  const add = (project: string, tokens: number, jobId = newJobId(), weight = 1) =>
    bundle.producer.add(bundle.lane, { jobId, delivery: 1 }, { project, weight, tokens })

  test('of lanes of which nobody has heard', async () => {
    const nothing = { waiting: 0, delayed: 0, active: 0, due: 0, oldestAtMs: null, ahead: [] }
    expect(await surveyLanes(bundle.redis, ['never.a', 'never.b'])).toEqual([nothing, nothing])
    expect(await surveyLanes(bundle.redis, [])).toEqual([])
  })

  test('finds the oldest wherever it waits', async () => {
    const now = Date.now()
    await add('proj_a', 1_024, newJobId(now - 5_000))
    await add('proj_a', 1_024)
    expect((await survey()).oldestAtMs).toBe(now - 5_000)
    await bundle.putOff({ jobId: newJobId(now - 60_000), delivery: 2 }, 30_000)
    expect(await survey()).toMatchObject({ waiting: 2, delayed: 1, due: 0, oldestAtMs: now - 60_000 })
  })

  test('says what each project has waiting, as it is served', async () => {
    for (let i = 0; i < 8; i++) await add('proj_heavy', 1_024)
    await add('proj_light', 1_024)
    await add('proj_weighty', 2_048, newJobId(), 2)
    const begun = new Map((await survey()).ahead.map(({ project, tokens }) => [project, tokens]))
    expect(begun.get('proj_heavy')).toBe(8 * 1_024)
    // Newcomers begin a little behind the first of those that wait.
    for (const project of ['proj_light', 'proj_weighty']) {
      expect(begun.get(project)).toBeGreaterThanOrEqual(1_024)
      expect(begun.get(project)).toBeLessThan(1_200)
    }
    expect((await survey()).ahead[0]!.project).toBe('proj_heavy')
    await bundle.redis.zpopmin(laneKeys(bundle.lane).prioritized, '5')
    const later = (await survey()).ahead
    expect(later.map(({ project }) => project)).toEqual(['proj_heavy'])
    expect(later[0]!.tokens).toBeLessThan(6 * 1_024)
    await bundle.redis.zpopmin(laneKeys(bundle.lane).prioritized, '5')
    expect((await survey()).ahead).toEqual([])
  })
})
