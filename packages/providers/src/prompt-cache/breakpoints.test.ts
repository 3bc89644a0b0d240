import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import { describe, expect, test } from 'vitest'
import { rewriteBody } from '../openai/rewrite-body.ts'
import { rewriteRequest } from '../responses/rewrite-request.ts'
import { upstream } from '../test-support/chat-call.ts'
import { withBreakpoints } from './breakpoints.ts'
import { cacheRewrite } from './cache-rewrite.ts'
import { markInput } from './mark-input.ts'

const MARK = { prompt_cache_breakpoint: { mode: 'explicit' } }
const text = (value: string) => ({ type: 'text' as const, text: value })
const messages: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [text('document'), text('question')] },
]
const ends: PromptEnd[] = [
  { at: 'tools', tokens: 1_100 },
  { at: [0], tokens: 2_000 },
  { at: [1, 0], tokens: 50_000 },
]
const rules = { minTokens: 1_024, implicit: true }

describe('in chat messages', () => {
  test('a text becomes a part, a part gets its mark, tools have none', () => {
    expect(withBreakpoints(messages, ends, rules)).toEqual([
      { role: 'system', content: [{ ...text('Be brief.'), ...MARK }] },
      { role: 'user', content: [{ ...text('document'), ...MARK }, text('question')] },
    ])
  })

  test('no more than OpenAI writes, the caller’s own counted, the longest beginnings first', () => {
    const own = [
      messages[0]!,
      { role: 'user', content: [text('document'), ...['a', 'b'].map((value) => ({ ...text(value), ...MARK }))] },
    ] as ChatMessage[]
    const [system, user] = withBreakpoints(own, ends, rules)
    expect(system).toEqual(messages[0])
    expect(user!.content![0]).toEqual({ ...text('document'), ...MARK })
    expect(withBreakpoints(own, ends, { ...rules, implicit: false })[0]!.content).toHaveLength(1)
    expect(withBreakpoints(own, ends, { ...rules, minTokens: 60_000 })).toEqual(own)
  })
})

describe('in a Responses request', () => {
  test('places are found in its own items; instructions can’t be marked', () => {
    const input = [
      { type: 'reasoning' as const, summary: [] },
      { role: 'user' as const, content: [{ type: 'input_text' as const, text: 'document' }] },
    ]
    expect(markInput({ instructions: 'Be brief.', input }, ends, rules)).toEqual([
      input[0],
      { role: 'user', content: [{ type: 'input_text', text: 'document', ...MARK }] },
    ])
    expect(markInput({ input: 'document' }, [{ at: [0], tokens: 5_000 }], rules)).toEqual([
      { role: 'user', content: [{ type: 'input_text', text: 'document', ...MARK }] },
    ])
  })

  test('go where the API does not know them, and only then', () => {
    const input = [{ role: 'user', content: [{ type: 'input_text', text: 'd', ...MARK }] }]
    const body = Buffer.from(JSON.stringify({ input, prompt_cache_options: { mode: 'explicit' } }))
    const to = (drop: string[]) =>
      JSON.parse(rewriteRequest(body, { model: 'gpt-5.5', deployment: 'd', stream: false, drop }).toString())
    expect(to([])).toMatchObject({ input, prompt_cache_options: { mode: 'explicit' } })
    const stripped = to(['prompt_cache_breakpoint', 'prompt_cache_options'])
    expect(stripped.input).toEqual([{ role: 'user', content: [{ type: 'input_text', text: 'd' }] }])
    expect(stripped).not.toHaveProperty('prompt_cache_options')
  })
})

describe('the body for OpenAI', () => {
  const knows = { promptCache: { mode: 'breakpoints', minTokens: 1_024, keyed: true } } as const
  const rewritten = (body: object, more: { drop?: string[]; upstream?: object; key?: string } = {}) => {
    const { drop = [], key = 'own' } = more
    const call = {
      upstream: upstream('openai', 'http://127.0.0.1', more.upstream ?? {}),
      drop,
      promptCache: { ends, key },
    }
    const cache = cacheRewrite(call as unknown as Parameters<typeof cacheRewrite>[0])
    return rewriteBody(Buffer.from(JSON.stringify(body)), { model: 'm', stream: false, drop, cache }).toString()
  }

  test('a model that matches at breakpoints gets them, and a key of ours unless there is one', () => {
    expect(JSON.parse(rewritten({ messages }, { upstream: knows }))).toEqual({
      model: 'm',
      prompt_cache_key: 'own',
      messages: withBreakpoints(messages, ends, rules),
    })
    expect(JSON.parse(rewritten({ messages, prompt_cache_key: 'theirs' }))).toMatchObject({
      prompt_cache_key: 'theirs',
    })
  })

  test('an older one gets the key alone, and its messages byte for byte', () => {
    expect(rewritten({ messages })).toContain(`"messages":${JSON.stringify(messages)}`)
  })

  test('a compatible server gets nothing that its caller did not write', () => {
    const foreign = { promptCache: { mode: 'automatic', minTokens: 1_024, keyed: false } }
    expect(JSON.parse(rewritten({ messages }, { upstream: foreign }))).toEqual({ model: 'm', messages })
  })

  test('what planning drops is gone from the parts too', () => {
    const own = [{ role: 'user', content: [{ ...text('d'), ...MARK, extra: 1 }, text('q')] }]
    const body = { messages: own, prompt_cache_options: { mode: 'explicit' } }
    expect(JSON.parse(rewritten(body, { drop: ['prompt_cache_breakpoint', 'prompt_cache_options'] }))).toMatchObject({
      messages: [{ role: 'user', content: [{ ...text('d'), extra: 1 }, text('q')] }],
    })
    expect(rewritten(body, { drop: ['prompt_cache_breakpoint', 'prompt_cache_options'] })).not.toContain('breakpoint')
  })
})
