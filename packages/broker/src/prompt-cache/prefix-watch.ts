import { LruMap } from '@switchyard/accounts/lru-map'
import { type PrefixNet, SEEN_WINDOW_MS, sightPrefixes } from '@switchyard/accounts/prefixes'
import type { RedisClient } from '@switchyard/redis/connect'

/**
 * Which beginnings of prompts recur, project by project, and whether marking them pays. What this process has seen counts at once; what others saw is
 * learnt by the way, some tens of times a second at most, and no request waits for it. All of it may be lost.
 */
export interface PrefixWatch {
  /** One more job begins so. */
  sight(project: string, model: string, digests: readonly string[]): void
  /** Others have begun so lately. */
  recurs(project: string, digest: string): boolean
  /** False once caches have been written for this prefix, or for the project's prompts to this model, at a loss. */
  pays(project: string, model: string, prefix: string): boolean
  stop(): void
}

/** 150 bytes each. */
const MOST_KNOWN = 20_000
const TELL_AFTER_MS = 50
/** Bounds one script. */
const MOST_TOLD = 500
/** Fewer calls say nothing: those that begin together all write, and nobody has read yet. */
const ENOUGH_CALLS = { prefix: 16, model: 32 }

interface Known {
  /** Until then what was counted counts. */
  untilMs: number
  seen: number
  net: PrefixNet
}

interface Untold {
  digests: string[]
  models: Set<string>
}

const NO_NET: PrefixNet = { calls: 0, savedNanoUsd: 0 }

export function startPrefixWatch(options: {
  redis: RedisClient
  onError: (error: unknown) => void
  now?: () => number
}): PrefixWatch {
  const { redis, onError, now = Date.now } = options
  const known = new LruMap<string, Known>(MOST_KNOWN)
  const models = new LruMap<string, PrefixNet>(MOST_KNOWN)
  let untold = new Map<string, Untold>()
  let timer: NodeJS.Timeout | null = null

  function factsOf(project: string, digest: string): Known | undefined {
    const facts = known.get(`${project} ${digest}`)
    return facts && facts.untilMs > now() ? facts : undefined
  }

  async function tell(): Promise<void> {
    timer = null
    const told = untold
    untold = new Map()
    for (const [project, { digests, models: names }] of told) {
      for (let at = 0; at < digests.length; at += MOST_TOLD) {
        const asked = digests.slice(at, at + MOST_TOLD)
        const list = at === 0 ? [...names] : []
        try {
          const answer = await sightPrefixes(redis, project, asked, list, now())
          for (const [i, digest] of asked.entries()) {
            const facts = answer.prefixes[i]!
            const own = factsOf(project, digest)
            remember(project, digest, Math.max(facts.seen, own?.seen ?? 0), facts.net)
          }
          for (const [i, model] of list.entries()) models.set(`${project} ${model}`, answer.models[i]!)
        } catch (error) {
          onError(error)
        }
      }
    }
  }

  function remember(project: string, digest: string, seen: number, net: PrefixNet): void {
    known.set(`${project} ${digest}`, { untilMs: now() + SEEN_WINDOW_MS, seen, net })
  }

  return {
    sight(project, model, digests) {
      let waiting = untold.get(project)
      if (!waiting) {
        waiting = { digests: [], models: new Set() }
        untold.set(project, waiting)
      }
      waiting.models.add(model)
      for (const digest of digests) {
        const facts = factsOf(project, digest)
        remember(project, digest, (facts?.seen ?? 0) + 1, facts?.net ?? NO_NET)
        waiting.digests.push(digest)
      }
      timer ??= setTimeout(() => void tell(), TELL_AFTER_MS).unref()
    },
    recurs: (project, digest) => (factsOf(project, digest)?.seen ?? 0) > 1,
    pays(project, model, prefix) {
      const own = factsOf(project, prefix)?.net ?? NO_NET
      if (own.savedNanoUsd > 0) return true
      if (own.calls >= ENOUGH_CALLS.prefix && own.savedNanoUsd < 0) return false
      const all = models.get(`${project} ${model}`) ?? NO_NET
      return !(all.calls >= ENOUGH_CALLS.model && all.savedNanoUsd < 0)
    },
    stop() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
