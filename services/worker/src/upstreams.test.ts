import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { describe, expect, it } from 'vitest'
import { resolveUpstreams } from './upstreams.ts'

const catalog = catalogFrom(`
providers:
  openai: { kind: openai, apiKey: "\${OPENAI_API_KEY}" }
  anthropic: { kind: anthropic, apiKey: "\${ANTHROPIC_API_KEY}" }
  google: { kind: google, apiKey: "\${GEMINI_API_KEY}" }
  local: { kind: openai, baseUrl: "http://127.0.0.1:11434/v1/", apiKey: none }
classes:
  fast: {}
deployments:
  gpt: { provider: openai, class: fast, model: gpt-5.5, streams: false, timeouts: { idle: 5s } }
  opus: { provider: anthropic, class: fast, model: claude-opus-4-7, maxOutput: 1000 }
  gemini: { provider: google, class: fast, model: gemini-3.5-flash }
  llama: { provider: local, class: fast, model: llama3.3 }
models:
  all: { route: [gpt, opus, gemini, llama] }
`)

describe('resolveUpstreams', () => {
  it('has only what its credentials open, and says which variables are missing', () => {
    const { usable, missing } = resolveUpstreams(catalog, { ANTHROPIC_API_KEY: 'a-key', GEMINI_API_KEY: '  ' }, null)
    expect([...usable.keys()]).toEqual(['opus', 'llama'])
    expect(missing).toEqual([
      { provider: 'openai', variable: 'OPENAI_API_KEY' },
      { provider: 'google', variable: 'GEMINI_API_KEY' },
    ])
    expect(usable.get('opus')!.upstream).toMatchObject({
      deployment: 'opus',
      kind: 'anthropic',
      baseUrl: catalog.providers.get('anthropic')!.baseUrl,
      apiKey: 'a-key',
      simulated: false,
      model: 'claude-opus-4-7',
      maxOutput: 1000,
    })
    expect(usable.get('llama')!.upstream).toMatchObject({
      baseUrl: 'http://127.0.0.1:11434/v1',
      apiKey: null,
      simulated: false,
    })
  })

  it('lets the simulator play providers without a credential, and no others', () => {
    const simulator = 'http://127.0.0.1:9000/'
    const { usable, missing } = resolveUpstreams(catalog, { ANTHROPIC_API_KEY: 'a-key' }, simulator)
    expect(missing.map(({ provider }) => provider)).toEqual(['openai', 'google'])
    const played = [...usable].map(([name, { upstream }]) => [name, upstream.simulated, upstream.baseUrl])
    expect(played).toEqual([
      ['gpt', true, 'http://127.0.0.1:9000/openai/v1'],
      ['opus', false, catalog.providers.get('anthropic')!.baseUrl],
      ['gemini', true, 'http://127.0.0.1:9000/google/v1beta'],
      ['llama', false, 'http://127.0.0.1:11434/v1'],
    ])
    expect(usable.get('gpt')!.upstream).toMatchObject({
      model: 'gpt-5.5',
      streams: false,
      timeouts: { idleMs: 5_000 },
      apiKey: expect.any(String),
    })
  })

  it('never gives one provider the key of another', () => {
    const env = { OPENAI_API_KEY: 'key-openai', ANTHROPIC_API_KEY: 'key-anthropic', GEMINI_API_KEY: 'key-google' }
    const { usable, missing } = resolveUpstreams(catalog, env, 'http://127.0.0.1:9000')
    expect(missing).toEqual([])
    const keys = [...usable.values()].map(({ deployment, upstream }) => [deployment.provider.name, upstream.apiKey])
    expect(keys).toEqual([
      ['openai', 'key-openai'],
      ['anthropic', 'key-anthropic'],
      ['google', 'key-google'],
      ['local', null],
    ])
  })
})
