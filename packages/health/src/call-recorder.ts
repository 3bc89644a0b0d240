import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { Scope } from './breaker.ts'
import { healthKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { bucketOf, HALF_LIFE_MS, type Sketch } from './sketch.ts'

const FLUSH_MS = 1_000

export interface SeenCall {
  deployment: string
  provider: string
  /** false: it failed by the deployment's or its credential's own fault. */
  ok: boolean
  /** From the call to the first token; null where there was none, or all came at once. */
  ttftMs: number | null
  /** Output tokens after the first, and the ms in which they came; 0 where that is not known. */
  tokens: number
  tokensMs: number
}

export interface CallRecorder {
  record(call: SeenCall): void
  /** Successes that were not told yet; they are the caller's to tell now. */
  takeOk(scope: Scope): number
  /** Tells what is left. Safe twice; never rejects. */
  stop(): Promise<void>
}

type NewlySeen = Omit<Sketch, 'atMs'>

/**
 * Counts the calls of this process and tells the fleet once a second, in one script however many they are: a call costs no round trip.
 * What can not be told (Redis is away) is dropped; it is a sample.
 */
export function startCallRecorder(options: {
  redis: RedisClient
  onError: (error: unknown) => void
  prefix?: string
}): CallRecorder {
  const { redis, onError } = options
  const keys = healthKeys(options.prefix)
  let ok = new Map<Scope, number>()
  let seen = new Map<string, NewlySeen>()
  let flushing: Promise<void> | null = null

  async function flush(): Promise<void> {
    if (ok.size === 0 && seen.size === 0) return
    const asked = JSON.stringify({
      ok: Object.fromEntries(ok),
      seen: Object.fromEntries(seen),
      halfLifeMs: HALF_LIFE_MS,
    })
    ok = new Map()
    seen = new Map()
    await runScript(redis, scripts.flush, keys, [asked])
  }

  function tick(): void {
    flushing ??= flush()
      .catch(onError)
      .finally(() => {
        flushing = null
      })
  }

  const timer = setInterval(tick, FLUSH_MS)
  let stopped: Promise<void> | null = null

  function count(scope: Scope): void {
    ok.set(scope, (ok.get(scope) ?? 0) + 1)
  }

  return {
    record(call) {
      if (call.ok) {
        count(`deployment:${call.deployment}`)
        count(`credential:${call.provider}`)
      }
      const so = seen.get(call.deployment) ?? { calls: 0, failed: 0, tokens: 0, tokensMs: 0, ttft: {} }
      so.calls++
      if (!call.ok) so.failed++
      so.tokens += call.tokens
      so.tokensMs += call.tokensMs
      if (call.ttftMs !== null) {
        const bucket = bucketOf(call.ttftMs)
        so.ttft[bucket] = (so.ttft[bucket] ?? 0) + 1
      }
      seen.set(call.deployment, so)
    },
    takeOk(scope) {
      const calls = ok.get(scope) ?? 0
      ok.delete(scope)
      return calls
    },
    stop() {
      stopped ??= (async () => {
        clearInterval(timer)
        await flushing
        await flush().catch(onError)
      })()
      return stopped
    },
  }
}
