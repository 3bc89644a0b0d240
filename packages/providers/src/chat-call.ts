import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { PromptCachePlan } from '@switchyard/contract/prompt-cache'
import type { Usage } from '@switchyard/contract/usage'
import type { ProviderKind } from './provider-kind.ts'
import type { RateLimitFacts } from './rate-limit-facts.ts'

/** One deployment with its credential, as the worker resolves it. Lives in worker memory only. */
export interface Upstream {
  /** Name in the catalog. */
  deployment: string
  kind: ProviderKind
  /** Which of OpenAI's two APIs it is asked through; other kinds have one. */
  api: 'chat' | 'responses'
  /** With the version, without a slash at the end: `https://api.openai.com/v1`. */
  baseUrl: string
  /** Null: the server wants none. Never logged, never in a failure. */
  apiKey: string | null
  /** The model's name at the provider. */
  model: string
  /** Answers say `system_fingerprint: "simulator"`; pass-through answers say it by themselves. */
  simulated: boolean
  /** False: the upstream cannot stream; clients that want a stream get one made of the whole answer. */
  streams: boolean
  /** `firstTokenMs` applies to streams, `idleMs` between two reads, `totalMs` always. */
  timeouts: { firstTokenMs: number; idleMs: number; totalMs: number }
  /** Sent where a provider insists on a maximum and the client gave none. */
  maxOutput: number | null
  /** How it caches beginnings of prompts (`catalog/prompt-cache`); `minTokens`: what is shorter it does not. */
  promptCache: { mode: 'breakpoints' | 'automatic' | 'none'; minTokens: number; keyed: boolean }
}

export interface ChatCall {
  upstream: Upstream
  /** The client's raw JSON body, already checked against `contract/openai-chat/request`. */
  body: Buffer
  /** What the client asked for. */
  stream: boolean
  /** Show the usage chunk of a stream to the client. It is always asked for upstream. */
  includeUsage: boolean
  /** Parameters to leave out upstream; decided at planning. */
  drop: string[]
  /** Sent as `x-client-request-id`. */
  attemptId: string
  /** The text so far, to go on from (`on_break: continue`); only where `supportsPrefill` says so. */
  prefill: string | null
  /** Where the prompt begins as others do, to be marked for the provider's cache in the caller's stead. */
  promptCache?: PromptCachePlan | undefined
  /** Abort: the socket is destroyed at once, the result is a failure of class `cancelled`. */
  signal: AbortSignal
}

export interface ChatSink {
  /**
   * One data line of a stream in the client's dialect, never `[DONE]`. `content` is true when it shows something (text,
   * reasoning, refusal, tool call). A promise holds the reading until it is kept; one that rejects ends the call.
   */
  data(line: string, content: boolean): void | Promise<void>
}

/**
 * `usage` is null where the provider did not say. `body` is the exact JSON for a client that did not ask for a stream.
 * `dropped` names parameters that the translation had to leave out beyond `drop`; the caller reports them.
 */
export type ChatResult =
  | {
      ok: true
      body: string | null
      usage: Usage | null
      httpStatus: number
      learned: RateLimitFacts
      dropped: string[]
    }
  | {
      ok: false
      failure: AttemptFailure
      usage: Usage | null
      httpStatus: number | null
      learned: RateLimitFacts
      sawContent: boolean
    }
