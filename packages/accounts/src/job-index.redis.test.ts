import { randomUUID } from 'node:crypto'
import { newJobId } from '@switchyard/contract/ids'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { indexCommand, indexJob, listJobs } from './job-index.ts'
import { jobsKey } from './keys.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const DAY = 86_400_000

onEachRedis((redis) => {
  let project: string
  beforeEach(() => {
    project = `proj_${randomUUID()}`
  })

  async function add(createdAtMs: number): Promise<string> {
    const jobId = newJobId(createdAtMs)
    await indexJob(redis(), { project, jobId, createdAtMs })
    return jobId
  }

  describe('the list of jobs', () => {
    it('is ordered by time, newest first', async () => {
      const now = Date.now()
      const ids = [await add(now - 2_000), await add(now - 1_000), await add(now)]
      expect(await listJobs(redis(), project, { limit: 10 })).toEqual({ ids: ids.toReversed(), hasMore: false })
      expect(await listJobs(redis(), project, { limit: 10, order: 'asc' })).toEqual({ ids, hasMore: false })
    })

    it.each(['asc', 'desc'] as const)(
      'is read page by page (%s), each job once, while others come in',
      async (order) => {
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 0, max: 25 }), fc.integer({ min: 1, max: 7 }), async (count, limit) => {
            project = `proj_${randomUUID()}`
            const now = Date.now()
            // Some share a millisecond.
            const ids = await Promise.all(Array.from({ length: count }, (_, i) => add(now - 60_000 + (i >> 1))))
            ids.sort()
            if (order === 'desc') ids.reverse()
            const read: string[] = []
            let after: string | undefined
            for (let more = true; more; ) {
              const page = await listJobs(redis(), project, { limit, order, ...(after ? { after } : {}) })
              read.push(...page.ids)
              after = page.ids.at(-1)
              more = page.hasMore
              // Comes in at the end that was read already.
              await add(order === 'desc' ? Date.now() : now - 120_000)
            }
            expect(read).toEqual(ids)
          }),
          { numRuns: 15 },
        )
      },
    )

    it('holds a job once, however often it is indexed', async () => {
      const now = Date.now()
      const jobId = newJobId(now)
      for (let i = 0; i < 3; i++) await indexJob(redis(), { project, jobId, createdAtMs: now })
      expect((await listJobs(redis(), project, { limit: 10 })).ids).toEqual([jobId])
    })

    it('takes many in one command', async () => {
      const now = Date.now()
      const jobs = Array.from({ length: 50 }, (_, i) => ({ jobId: newJobId(now + i), createdAtMs: now + i }))
      const old = { jobId: newJobId(now - 8 * DAY), createdAtMs: now - 8 * DAY }
      const [reply] = await pipelineBySlot(redis(), [indexCommand(project, [old, ...jobs])])
      expect(reply!.error).toBeNull()
      const { ids } = await listJobs(redis(), project, { limit: 100, order: 'asc' })
      expect(ids).toEqual(jobs.map(({ jobId }) => jobId))
      expect(await redis().zcard(jobsKey(project))).toBe(50)
      expect(await redis().pttl(jobsKey(project))).toBeGreaterThan(6 * DAY)
    })

    it('shows no job older than seven days, and drops them when the next comes in', async () => {
      const now = Date.now()
      await add(now - 7 * DAY - 1_000)
      const young = await add(now - 7 * DAY + 60_000)
      expect(await redis().zcard(jobsKey(project))).toBe(2)
      for (const order of ['asc', 'desc'] as const) {
        expect((await listJobs(redis(), project, { limit: 10, order })).ids).toEqual([young])
      }
      const last = await add(now)
      expect(await redis().zrange(jobsKey(project), '0', '-1')).toEqual([young, last])
      expect(await redis().pttl(jobsKey(project))).toBeGreaterThan(6 * DAY)
    })

    it('goes on from a cursor that is older than the list', async () => {
      const now = Date.now()
      const id = await add(now)
      const after = newJobId(now - 30 * DAY)
      expect(await listJobs(redis(), project, { after, limit: 10, order: 'asc' })).toEqual({
        ids: [id],
        hasMore: false,
      })
      expect(await listJobs(redis(), project, { after, limit: 10 })).toEqual({ ids: [], hasMore: false })
    })

    it.each(['', 'job_', '+', '[job_', 'job_01J', `${newJobId()}\n`])('refuses the cursor %j', async (after) => {
      await expect(listJobs(redis(), project, { after, limit: 10 })).rejects.toMatchObject({
        code: 'invalid_cursor',
        param: 'after',
      })
    })

    it.each([
      [0, 1],
      [-5, 1],
      [Number.NaN, 1],
      [1e9, 100],
    ])('brings a limit of %d into bounds', async (limit, length) => {
      const now = Date.now()
      await Promise.all(Array.from({ length: 101 }, (_, i) => add(now - i)))
      expect((await listJobs(redis(), project, { limit })).ids).toHaveLength(length)
    })

    it('is empty for another project', async () => {
      await add(Date.now())
      expect(await listJobs(redis(), `proj_${randomUUID()}`, { limit: 10 })).toEqual({ ids: [], hasMore: false })
    })
  })
})
