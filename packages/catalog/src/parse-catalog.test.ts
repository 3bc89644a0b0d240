import { describe, expect, test } from 'vitest'
import { catalogFrom, THREE_PROVIDERS } from './catalog-fixture.ts'
import { formatProblems, parseCatalog } from './parse-catalog.ts'

const KEY = `"\${OPENAI_API_KEY}"`

const BASE = `providers:
  openai: { kind: openai, apiKey: ${KEY} }
  other: { kind: openai, baseUrl: "https://example.com/v1", apiKey: none }
classes:
  frontier: {}
deployments:
  gpt: { provider: openai, class: frontier, model: gpt-5.5 }
  gpt2: { provider: other, class: frontier, model: gpt-5.5 }
models:
  gpt-model: { route: [gpt, gpt2] }
`

function problemsOf(text: string, env: Record<string, string | undefined> = {}): string[] {
  const parsed = parseCatalog(text, { file: 'c.yaml', env })
  if ('catalog' in parsed) throw new Error('it was accepted')
  return formatProblems(parsed.problems).split('\n')
}

describe('a bad file is refused with file, line, path and reason', () => {
  test.each<[string, string | RegExp, string, string[]]>([
    [
      'a limit of 0',
      'model: gpt-5.5 }',
      'model: gpt-5.5, limits: { rpm: 0 } }',
      ['c.yaml:7 deployments.gpt.limits.rpm: must be a positive whole number'],
    ],
    [
      'a fraction',
      'model: gpt-5.5 }',
      'model: gpt-5.5, limits: { tpm: 1.5 } }',
      ['c.yaml:7 deployments.gpt.limits.tpm: must be a positive whole number'],
    ],
    [
      'a limit as text',
      'model: gpt-5.5 }',
      'model: gpt-5.5, limits: { tpm: "5" } }',
      ['c.yaml:7 deployments.gpt.limits.tpm: must be a positive whole number'],
    ],
    [
      'an unknown key',
      'model: gpt-5.5 }',
      'model: gpt-5.5, limits: { rmp: 1 } }',
      ['c.yaml:7 deployments.gpt.limits.rmp: is not known; did you mean rpm?'],
    ],
    [
      'an unknown key like nothing',
      'model: gpt-5.5 }',
      'model: gpt-5.5, limits: { perFortnight: 1 } }',
      [
        'c.yaml:7 deployments.gpt.limits.perFortnight: is not known here; known are rpm, tpm, itpm, otpm, rpd, inFlight',
      ],
    ],
    [
      'an unknown ability',
      'model: gpt-5.5 }',
      'model: gpt-5.5, capabilities: { tolls: false } }',
      ['c.yaml:7 deployments.gpt.capabilities.tolls: is not known; did you mean tools?'],
    ],
    ['an unknown section', 'models:', 'modells: {}\nmodels:', ['c.yaml:9 modells: is not known; did you mean models?']],
    ['a missing section', /models:\n.*\n/, '', ['c.yaml models: is missing']],
    ['a missing field', ', model: gpt-5.5 }', ' }', ['c.yaml:7 deployments.gpt.model: is missing']],
    ['the wrong shape', 'frontier: {}', 'frontier: 5', ['c.yaml:5 classes.frontier: must be a map']],
    ['a list that is none', '[gpt, gpt2]', 'gpt', ['c.yaml:10 models.gpt-model.route: must be a list']],
    ['an empty route', '[gpt, gpt2]', '[]', ['c.yaml:10 models.gpt-model.route: must name at least one deployment']],
    [
      'an empty group',
      '[gpt, gpt2]',
      '[gpt, []]',
      ['c.yaml:10 models.gpt-model.route[1]: must name at least one deployment'],
    ],
    [
      'no such kind',
      'kind: openai, apiKey',
      'kind: opanai, apiKey',
      ['c.yaml:2 providers.openai.kind: must be one of openai, anthropic, google'],
    ],
    [
      'no such API',
      'model: gpt-5.5 }',
      'model: gpt-5.5, api: completions }',
      ['c.yaml:7 deployments.gpt.api: must be chat or responses'],
    ],
    [
      'a time without unit',
      'model: gpt-5.5 }',
      'model: gpt-5.5, timeouts: { idle: 30 } }',
      ['c.yaml:7 deployments.gpt.timeouts.idle: must be a time with its unit, such as 500ms, 30s or 10m'],
    ],
    [
      'no such provider',
      'provider: openai',
      'provider: opnai',
      ['c.yaml:7 deployments.gpt.provider: no provider is called opnai; did you mean openai?'],
    ],
    ['no such class', 'class: frontier', 'class: slow', ['c.yaml:7 deployments.gpt.class: no class is called slow']],
    [
      'no such deployment',
      '[gpt, gpt2]',
      '[gpt, [gptt]]',
      ['c.yaml:10 models.gpt-model.route[1][0]: no deployment is called gptt; did you mean gpt?'],
    ],
    [
      'a task for nobody',
      '[gpt, gpt2]',
      '[gpt], tasks: { code: opus }',
      ['c.yaml:10 models.gpt-model.tasks.code: no deployment is called opus'],
    ],
    [
      'the same hop twice',
      '[gpt, gpt2]',
      '[gpt, [gpt2, gpt]]',
      ['c.yaml:10 models.gpt-model.route[1][1]: gpt is already in this route'],
    ],
    [
      'a hedge with nobody else to ask',
      '{ route: [gpt, gpt2] }',
      '{ route: [gpt], hedge: true }',
      ['c.yaml:10 models.gpt-model: hedge asks a second deployment, so there must be one'],
    ],
    [
      'neither route nor candidates',
      '{ route: [gpt, gpt2] }',
      '{}',
      ['c.yaml:10 models.gpt-model: must have either a route or candidates'],
    ],
    [
      'a policy with a route',
      '{ route',
      '{ policy: cost, route',
      ['c.yaml:10 models.gpt-model: policy cost chooses among candidates; a route is always ordered'],
    ],
    [
      'a name with a space',
      '  gpt-model:',
      '  gpt model:',
      ['c.yaml:10 models.gpt model: a name is 1 to 64 of a-z, A-Z, 0-9, dot, underscore and hyphen'],
    ],
    ['a name that is no name', '  gpt-model:', '  __proto__:', ['c.yaml:10 models.__proto__: is not a name']],
    [
      'a class with a dot',
      'frontier: {}',
      'a.b: {}\n  frontier: {}',
      ['c.yaml:5 classes.a.b: a class name is 1 to 64 of a-z, A-Z, 0-9, underscore and hyphen'],
    ],
    [
      'a provider that would meet a batch lane',
      '  other:',
      '  openai.batch: { kind: openai, apiKey: none }\n  other:',
      ['c.yaml:3 providers.openai.batch: a provider name may not end with .batch'],
    ],
    [
      'a name twice',
      'frontier: {}',
      'frontier: {}\n  frontier: {}',
      ['c.yaml:6: is not valid YAML: Map keys must be unique'],
    ],
    [
      'an address that is no URL',
      'https://example.com/v1',
      'example.com',
      ['c.yaml:3 providers.other.baseUrl: must be an http or https URL'],
    ],
    [
      'an address of another scheme',
      'https://example.com/v1',
      'file:///etc/passwd',
      ['c.yaml:3 providers.other.baseUrl: must be an http or https URL'],
    ],
    [
      'an address with a password',
      'https://example.com/v1',
      'https://me:pw@example.com/v1',
      ['c.yaml:3 providers.other.baseUrl: must be a plain URL: no user, password, query or fragment'],
    ],
    [
      'a variable that is not set',
      'https://example.com',
      `\${HOST}`,
      ['c.yaml:3 providers.other.baseUrl: the environment variable HOST is not set'],
    ],
  ])('%s', (_name, from, to, expected) => expect(problemsOf(BASE.replace(from, () => to))).toEqual(expected))

  test('all problems at once, in the order of the file', () => {
    const text = BASE.replaceAll('model: gpt-5.5 }', 'limits: { rpm: -1 } }').replace('kind: openai, b', 'kind: x, b')
    expect(problemsOf(text).map((line) => line.split(' ')[0])).toEqual([
      'c.yaml:3',
      'c.yaml:7',
      'c.yaml:7',
      'c.yaml:8',
      'c.yaml:8',
    ])
  })

  test.each(['', '5', '- a', 'a: [1', '\u0000', '"'])('never throws: %j', (text) =>
    expect(problemsOf(text).length).toBeGreaterThan(0),
  )

  test('an alias bomb', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`)
    expect(problemsOf(['a0: &a0 [x, x]', ...levels].join('\n'))[0]).toMatch(/can't be read/)
  })

  test('the Responses API of a provider that has none', () => {
    const text = BASE.replace('kind: openai, apiKey', 'kind: google, apiKey').replace('5.5 }', '5.5, api: responses }')
    expect(problemsOf(text)).toEqual(['c.yaml:7 deployments.gpt.api: a provider of kind google has no Responses API'])
  })

  test('a huge file', () => expect(problemsOf(`# ${'x'.repeat(1_000_000)}`)[0]).toMatch(/larger than/))
})

describe('secrets', () => {
  test('a key in the file is refused and not repeated', () => {
    const lines = problemsOf(BASE.replace(KEY, 'sk-canary'))
    expect(lines).toEqual([`c.yaml:2 providers.openai.apiKey: must name a variable, as in ${KEY}, or be none`])
    expect(problemsOf(BASE.replace(KEY, '"sk-canary')).join()).not.toContain('canary')
  })

  test('a key in the environment never enters the catalog, set or not', () => {
    const show = (env: Record<string, string>) => {
      const { deployments, providers } = catalogFrom(BASE, env)
      return JSON.stringify([...providers, ...deployments])
    }
    expect(show({ OPENAI_API_KEY: 'sk-canary' })).not.toContain('canary')
    expect(show({ OPENAI_API_KEY: 'sk-canary' })).toBe(show({}))
  })
})

describe('variables', () => {
  test('are put into scalars, as text that is never parsed again', () => {
    const catalog = catalogFrom(
      BASE.replace('https://example.com', `https://\${HOST}:8443`).replace('model: gpt-5.5 }', `model: "\${MODEL}" }`),
      {
        HOST: 'gateway.internal',
        MODEL: '{ evil: true }: [1]\n- x',
      },
    )
    expect(catalog.providers.get('other')?.baseUrl).toBe('https://gateway.internal:8443/v1')
    expect(catalog.deployments.get('gpt')?.model).toBe('{ evil: true }: [1]\n- x')
  })
})

describe('defaults', () => {
  const catalog = catalogFrom(THREE_PROVIDERS)

  test('of a deployment', () => {
    expect(catalog.deployments.get('opus')).toEqual({
      name: 'opus',
      provider: {
        name: 'anthropic',
        kind: 'anthropic',
        baseUrl: 'https://api.anthropic.com/v1',
        apiKeyRef: 'ANTHROPIC_API_KEY',
      },
      class: 'frontier',
      model: 'claude-opus-4-7',
      api: 'chat',
      streams: true,
      region: null,
      weight: 1,
      contextWindow: 1_000_000,
      maxOutput: 128_000,
      capabilities: expect.objectContaining({
        chat: true,
        tools: true,
        jsonSchema: true,
        prefill: false,
        audio: false,
      }),
      unsupported: ['temperature', 'top_p'],
      limits: {},
      breaker: { failures: 5, openMs: 5_000 },
      timeouts: { firstTokenMs: 120_000, idleMs: 60_000, totalMs: 600_000 },
      scores: {},
      typical: { firstTokenMs: null, tokensPerSecond: null },
      nativeBatch: false,
      promptCache: { mode: 'breakpoints', minTokens: 4_096, keyed: false },
      price: { source: 'table', provider: 'anthropic', entry: 'claude-opus-4-7' },
    })
  })

  test('of a model that nobody knows: no limit that we would have to guess', () => {
    const { deployments } = catalogFrom(THREE_PROVIDERS.replace('contextWindow: 8000, maxOutput: 2000', ''))
    expect(deployments.get('llama')).toMatchObject({
      contextWindow: null,
      maxOutput: null,
      unsupported: [],
      price: null,
      provider: { baseUrl: 'http://127.0.0.1:11434/v1', apiKeyRef: null },
    })
  })

  test('of a class, each half by itself', () => {
    expect(catalog.classes.get('frontier')).toEqual({
      name: 'frontier',
      interactive: { concurrency: 256 },
      batch: { concurrency: 64 },
    })
    expect(catalog.classes.get('fast')).toEqual({
      name: 'fast',
      interactive: { concurrency: 8 },
      batch: { concurrency: 64 },
    })
  })

  test('what is given wins over what is known', () => {
    const { deployments } = catalogFrom(
      THREE_PROVIDERS.replace(
        'model: claude-opus-4-7',
        'model: claude-opus-4-7, contextWindow: 5, maxOutput: 4, unsupported: [], capabilities: { prefill: true }, weight: 3, streams: false, timeouts: { firstToken: 500ms, idle: 2s, total: 1m }',
      ),
    )
    expect(deployments.get('opus')).toMatchObject({
      contextWindow: 5,
      maxOutput: 4,
      unsupported: [],
      capabilities: { prefill: true, audio: false },
      weight: 3,
      streams: false,
      timeouts: { firstTokenMs: 500, idleMs: 2_000, totalMs: 60_000 },
    })
  })

  test('models: hops, groups, candidates and policies', () => {
    expect(catalog.models.get('grouped')?.route).toEqual([['opus', 'gpt', 'haiku', 'gpt-old'], ['gemini']])
    expect(catalog.models.get('candidates')).toMatchObject({ policy: 'ordered', route: [['haiku'], ['opus']] })
    expect(catalog.models.get('auto')).toMatchObject({
      policy: 'balanced',
      route: [],
      candidates: ['opus', 'gpt'],
      tasks: { architecture: 'opus' },
    })
  })

  test('only a model that says so is hedged', () => {
    const { models } = catalogFrom(THREE_PROVIDERS.replace('grouped: {', 'grouped: { hedge: true,'))
    expect([...models.values()].filter(({ hedge }) => hedge).map(({ name }) => name)).toEqual(['grouped'])
  })

  test('the revision follows the text', () => {
    expect(catalog.revision).toMatch(/^[0-9a-f]{12}$/)
    expect(catalogFrom(THREE_PROVIDERS).revision).toBe(catalog.revision)
    expect(catalogFrom(`${THREE_PROVIDERS}\n`).revision).not.toBe(catalog.revision)
  })
})
