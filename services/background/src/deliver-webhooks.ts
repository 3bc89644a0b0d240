import { CONNECTIONS_PER_ORIGIN, type Egress } from '@switchyard/egress/egress'
import type { ChannelListener } from '@switchyard/notifications/channel-listener'
import { WORK_CHANNEL } from '@switchyard/notifications/keys'
import { forgetProject, projectsWithWork } from '@switchyard/notifications/projects-with-work'
import { putBackTry, type Taken, type Try, takeTries } from '@switchyard/notifications/tries'
import type { RedisClient } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import { tryWebhook } from './try-webhook.ts'

/** Calls under way. Most of them only wait; each holds a socket and some KB. */
const MOST_TRIES = 1_000
/** Of these, to receivers that failed last: 15 s each, and nobody else waits for them. */
const MOST_SICK = 250
/** Projects asked in one pipeline, and tries of one of them in one answer. */
const PROJECTS_AT_ONCE = 32
const TRIES_EACH = 64
/** A host that has as many calls as connections is asked again later, whoever's tenant asks. */
const FULL_HOST_MS = 250
const TICK_MS = 100
/** What a lost message, a crash or a leader before this one left. */
const LOOK_EVERY_MS = 5_000
const AFTER_ERROR_MS = 1_000

export interface DelivererOptions {
  redis: RedisClient
  listener: ChannelListener
  egress: Egress
  masterSecret: string
  telemetry: Telemetry
  logger: Logger
  /** The term in which this process delivers. */
  signal: AbortSignal
}

/**
 * Delivers webhooks while the signal lasts: woken by whoever records an event, at the moment for which a retry is due, and every 5 s by
 * what is noted in Redis. All state is there: calls under way are put back at the end of the term, and come up again by themselves 30 s
 * after a crash. Resolves when nothing is under way any more.
 */
export async function deliverWebhooks(options: DelivererOptions): Promise<void> {
  const { redis, listener, egress, logger, signal } = options
  const ready = new Set<string>()
  /** Project → when to look at it, epoch ms. */
  const later = new Map<string, number>()
  /** Project → its number of wake-ups when Redis was last asked. */
  const noted = new Map<string, string>()
  const hosts = new Map<string, number>()
  const underWay = new Set<Promise<void>>()
  let sick = 0
  let taking: Promise<void> | null = null

  const onError = (err: unknown, doing: string) => logger.error({ err }, doing)

  function look(project: string, atMs: number | null): void {
    if (atMs === null) return
    if (atMs <= Date.now()) ready.add(project)
    else later.set(project, Math.min(atMs, later.get(project) ?? atMs))
  }

  function wake(project: string): void {
    ready.add(project)
    takeAll()
  }

  function takeAll(): void {
    if (taking !== null || ready.size === 0 || underWay.size >= MOST_TRIES || signal.aborted) return
    taking = takeSome().finally(() => {
      taking = null
      takeAll()
    })
  }

  /** One round over the projects whose turn it is, in the order in which they came up: none gets more places than another. */
  async function takeSome(): Promise<void> {
    const free = MOST_TRIES - underWay.size
    const projects = [...ready].slice(0, Math.min(PROJECTS_AT_ONCE, free))
    for (const project of projects) ready.delete(project)
    try {
      const taken = await takeTries(redis, projects, {
        each: Math.min(TRIES_EACH, Math.floor(free / projects.length)),
        sick: Math.floor((MOST_SICK - sick) / projects.length),
        onError: (error) => onError(error, 'take webhooks'),
      })
      for (const project of projects) begin(project, taken.get(project))
    } catch (error) {
      onError(error, 'take webhooks')
      for (const project of projects) look(project, Date.now() + AFTER_ERROR_MS)
    }
  }

  function begin(project: string, taken: Taken | undefined): void {
    if (taken === undefined) {
      look(project, Date.now() + AFTER_ERROR_MS)
      return
    }
    for (const attempt of taken.tries) {
      const work = run(attempt)
        .catch((error) => onError(error, 'try a webhook'))
        .finally(() => {
          underWay.delete(work)
          takeAll()
        })
      underWay.add(work)
    }
    if (taken.more) ready.add(project)
    else look(project, taken.nextAtMs)
    const wakeUps = noted.get(project)
    if (taken.tries.length > 0 || taken.nextAtMs !== null || wakeUps === undefined) return
    noted.delete(project)
    forgetProject(redis, project, wakeUps).catch((error) => onError(error, 'forget a project'))
  }

  async function run(attempt: Try): Promise<void> {
    const host = URL.parse(attempt.url)?.host ?? ''
    const calls = hosts.get(host) ?? 0
    if (calls >= CONNECTIONS_PER_ORIGIN || signal.aborted) {
      const { nextAtMs } = await putBackTry(redis, attempt, signal.aborted ? 0 : FULL_HOST_MS)
      look(attempt.project, nextAtMs)
      return
    }
    hosts.set(host, calls + 1)
    if (attempt.isSick) sick++
    try {
      const { nextAtMs } = await tryWebhook({ ...options, egress }, attempt)
      look(attempt.project, nextAtMs)
    } finally {
      if (attempt.isSick) sick--
      const left = hosts.get(host)! - 1
      if (left > 0) hosts.set(host, left)
      else hosts.delete(host)
    }
  }

  async function lookAtAll(): Promise<void> {
    for (const [project, wakeUps] of await projectsWithWork(redis)) {
      noted.set(project, wakeUps)
      ready.add(project)
    }
    takeAll()
  }

  function tick(): void {
    const nowMs = Date.now()
    for (const [project, atMs] of later) {
      if (atMs > nowMs) continue
      later.delete(project)
      ready.add(project)
    }
    takeAll()
  }

  const onReady = () => void lookAtAll().catch((error) => onError(error, 'look for webhooks'))
  const listening = listener.listen(WORK_CHANNEL, { onMessage: wake, onReady })
  listening.ready.catch(() => {})
  const timers = [setInterval(tick, TICK_MS), setInterval(onReady, LOOK_EVERY_MS)]
  onReady()
  await ended(signal)
  for (const timer of timers) clearInterval(timer)
  listening.close()
  while (taking !== null || underWay.size > 0) await Promise.all([taking, ...underWay])
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
