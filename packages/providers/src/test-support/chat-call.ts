import { readFileSync } from 'node:fs'
import { callChat } from '../call-provider.ts'
import type { ChatCall, ChatResult, Upstream } from '../chat-call.ts'
import type { ProviderKind } from '../provider-kind.ts'
import type { Transport } from '../transport.ts'

export const KINDS: ProviderKind[] = ['openai', 'anthropic', 'google']

/** A secret that must not be found in anything that leaves the package. */
export const CANARY_KEY = 'sk-canary-5f1d0c'

const CACHES = {
  openai: { mode: 'automatic', minTokens: 1_024, keyed: true },
  anthropic: { mode: 'breakpoints', minTokens: 4_096, keyed: false },
  google: { mode: 'automatic', minTokens: 4_096, keyed: false },
} as const

const MODELS: Record<ProviderKind, string> = {
  openai: 'gpt-5.5-pro',
  anthropic: 'claude-opus-4-7',
  google: 'gemini-3.1-pro-preview',
}

export function fixture(kind: ProviderKind | 'responses', name: string): Buffer {
  return readFileSync(new URL(`../__fixtures__/${kind}/${name}`, import.meta.url))
}

export function upstream(kind: ProviderKind, baseUrl: string, more: Partial<Upstream> = {}): Upstream {
  return {
    deployment: `${kind}-test`,
    kind,
    api: 'chat',
    baseUrl: `${baseUrl}/v1`,
    apiKey: CANARY_KEY,
    model: MODELS[kind],
    simulated: false,
    streams: true,
    timeouts: { firstTokenMs: 20_000, idleMs: 20_000, totalMs: 30_000 },
    maxOutput: null,
    promptCache: CACHES[kind],
    ...more,
  }
}

export type CallOptions = Partial<Omit<ChatCall, 'upstream' | 'body'>> & { body?: object; upstream: Upstream }

export function chatCall({ body, ...more }: CallOptions): ChatCall {
  const request = { model: 'alias', messages: [{ role: 'user', content: 'Hello' }], ...body }
  return {
    body: Buffer.from(JSON.stringify(request)),
    stream: true,
    includeUsage: false,
    drop: [],
    attemptId: 'job_01J8ZQ4YB3M5T7V9X1C2D3E4F5.1',
    prefill: null,
    signal: new AbortController().signal,
    ...more,
  }
}

export interface SeenLine {
  data: string
  content: boolean
}

/** Calls, and keeps what the client would see. */
export async function call(
  transport: Transport,
  options: CallOptions,
): Promise<{ result: ChatResult; lines: SeenLine[] }> {
  const lines: SeenLine[] = []
  const result = await callChat(transport, chatCall(options), {
    data(data, content) {
      lines.push({ data, content })
    },
  })
  return { result, lines }
}

interface ToolCallDelta {
  index: number
  id?: string
  function?: { name?: string; arguments?: string }
}

/** What a client assembles from the lines of a stream. */
export function assemble(lines: SeenLine[]) {
  let text = ''
  let reasoning = ''
  let finish: string | null = null
  let usage: unknown = null
  const roles: number[] = []
  const ids = new Set<string>()
  const tools: { id: string; name: string; arguments: string; fragments: number }[] = []
  lines.forEach(({ data }, i) => {
    const chunk = JSON.parse(data)
    ids.add(chunk.id)
    if (chunk.usage) usage = chunk.usage
    for (const choice of chunk.choices) {
      if (choice.delta.role !== undefined) roles.push(i)
      text += choice.delta.content ?? ''
      reasoning += choice.delta.reasoning_content ?? ''
      finish = choice.finish_reason ?? finish
      for (const delta of (choice.delta.tool_calls ?? []) as ToolCallDelta[]) {
        tools[delta.index] ??= { id: '', name: '', arguments: '', fragments: 0 }
        const tool = tools[delta.index]
        if (tool === undefined) continue
        tool.id += delta.id ?? ''
        tool.name += delta.function?.name ?? ''
        tool.arguments += delta.function?.arguments ?? ''
        tool.fragments++
      }
    }
  })
  return { text, reasoning, finish, usage, roles, ids: [...ids], tools }
}
