import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { catalogFacts, readCatalogFacts } from './catalog-facts.ts'
import { needsSimulator } from './needs-simulator.ts'

describe('catalogFacts', () => {
  it('finds the variables that hold credentials, once each', () => {
    const catalog = parse(`
      providers:
        openai: { kind: openai, apiKey: "\${OPENAI_API_KEY}" }
        other: { kind: openai, baseUrl: "\${OTHER_URL}", apiKey: '\${OPENAI_API_KEY}' }
        # gone: { kind: anthropic, apiKey: "\${GONE}" }
        groq: { kind: openai, apiKey: "\${GROQ}" }
        local: { kind: openai, apiKey: none }
      models: { small: { route: [a] }, large: { route: [b] } }`)
    expect(catalogFacts(catalog)).toEqual({ credentialVariables: ['OPENAI_API_KEY', 'GROQ'], exampleModel: 'small' })
  })

  it.each([null, 'text', [], { providers: 3, models: null }, { providers: { a: null } }])(
    'passes over what is no catalog: %j',
    (catalog) => {
      expect(catalogFacts(catalog)).toEqual({ credentialVariables: [], exampleModel: 'claude-4-7-opus' })
    },
  )
})

describe('readCatalogFacts', () => {
  it('leaves a file that can not be read to the services', async () => {
    const facts = await readCatalogFacts('/no/such/catalog.yaml')
    expect(facts.credentialVariables).toEqual(['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY'])
  })
})

describe('needsSimulator', () => {
  it.each([
    ['on', ['A'], { A: 'key' }, true],
    ['off', ['A'], {}, false],
    ['auto', ['A', 'B'], {}, true],
    ['auto', ['A', 'B'], { A: ' ' }, true],
    ['auto', ['A', 'B'], { B: 'key' }, false],
    ['auto', [], {}, false],
  ] as const)('%s, variables %j, set %j: %s', (mode, variables, env, expected) => {
    expect(needsSimulator(mode, variables, env)).toBe(expected)
  })
})
