import type { RedisClient } from '@switchyard/redis/connect'

/** Temporary: replaced by the accounts author. */
export async function indexJob(redis: RedisClient, job: { project: string; jobId: string; createdAtMs: number }): Promise<void> {
  await redis.zadd(`sy:{${job.project}}:jobs`, 0, job.jobId)
}

export async function listJobs(
  redis: RedisClient,
  project: string,
  page: { after?: string; limit: number; order: 'asc' | 'desc' },
): Promise<{ ids: string[]; hasMore: boolean }> {
  const key = `sy:{${project}}:jobs`
  const ids =
    page.order === 'desc'
      ? await redis.zrevrangebylex(key, page.after ? `(${page.after}` : '+', '-', 'LIMIT', 0, page.limit + 1)
      : await redis.zrangebylex(key, page.after ? `(${page.after}` : '-', '+', 'LIMIT', 0, page.limit + 1)
  return { ids: ids.slice(0, page.limit), hasMore: ids.length > page.limit }
}
