import type { RoutePolicy, Tier } from '@switchyard/contract/job'
import type { Capabilities } from './capabilities.ts'
import type { ProviderKind } from './kind-capabilities.ts'
import type { PromptCache } from './prompt-cache.ts'

/**
 * The catalog with every default resolved: what ingress plans over and workers serve. It holds no secret: a provider names the
 * variable that holds its key (`resolve-credential.ts`), so a catalog may be logged. Times in ms, sizes in tokens.
 */
export interface Catalog {
  /** First 12 hex digits of the SHA-256 of the file. */
  revision: string
  providers: ReadonlyMap<string, Provider>
  classes: ReadonlyMap<string, ModelClass>
  deployments: ReadonlyMap<string, Deployment>
  models: ReadonlyMap<string, ModelEntry>
}

export interface Provider {
  name: string
  kind: ProviderKind
  /** Without a slash at its end. */
  baseUrl: string
  /** Name of the environment variable that holds the key; null: the provider wants none. */
  apiKeyRef: string | null
}

/** Slots per worker process and lane: a bound on memory; the real limit is the deployment's. */
export type ModelClass = { name: string } & Record<Tier, { concurrency: number }>

export interface Deployment {
  name: string
  provider: Provider
  class: string
  /** Name of the model at the provider. */
  model: string
  /** `responses`: the provider serves this model through its Responses API; only of kind `openai`. */
  api: 'chat' | 'responses'
  /** false: the upstream answers in one piece. */
  streams: boolean
  region: string | null
  weight: number
  /** null: not known, so never a reason to leave the deployment out. */
  contextWindow: number | null
  maxOutput: number | null
  capabilities: Capabilities
  /** Request parameters that the model answers with an error or ignores; see also what its kind can translate. */
  unsupported: readonly string[]
  /** Undefined means unlimited. Per minute: requests, tokens, input and output tokens; per day: requests; at once: calls. */
  limits: Limits
  timeouts: { firstTokenMs: number; idleMs: number; totalMs: number }
  /** It is left alone for `openMs` after so many failures in a row, or in half a minute if they are at least half of all calls. */
  breaker: { failures: number; openMs: number }
  /** How well it does a task, 0 to 1; `general` stands for the tasks that are not among them. */
  scores: Readonly<Record<string, number>>
  /** What can be expected of it before it was observed. null: not known. */
  typical: { firstTokenMs: number | null; tokensPerSecond: number | null }
  nativeBatch: boolean
  promptCache: PromptCache
  /** null: unpriced. */
  price: Price | null
}

export interface Limits {
  rpm?: number
  tpm?: number
  itpm?: number
  otpm?: number
  rpd?: number
  inFlight?: number
}

/** Either an entry of the bundled price table, or the operator's own price in USD per million tokens. */
export type Price =
  | { source: 'table'; provider: string; entry: string }
  | {
      source: 'catalog'
      id: string
      inputPerMTok: number
      cachedInputPerMTok: number
      cacheWritePerMTok: number
      /** Kept for an hour, where the provider asks more for that. */
      cacheWriteLongPerMTok: number
      outputPerMTok: number
    }

export interface ModelEntry {
  name: string
  policy: RoutePolicy
  /** Deployment names in order: each inner list is tried as one hop. Empty for policies that choose among `candidates`. */
  route: readonly (readonly string[])[]
  candidates: readonly string[]
  /** Task type → deployment. */
  tasks: Readonly<Record<string, string>>
  /** Interactive requests whose first token is late may be asked of a second deployment too. */
  hedge: boolean
}
