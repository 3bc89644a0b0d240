import { expect, test } from 'vitest'
import { catalogFrom, THREE_PROVIDERS } from './catalog-fixture.ts'
import { resolveCredential } from './resolve-credential.ts'

const { providers } = catalogFrom(THREE_PROVIDERS)

test.each([
  ['openai', { OPENAI_API_KEY: 'sk-1' }, { state: 'resolved', apiKey: 'sk-1' }],
  ['openai', { OPENAI_API_KEY: ' sk-1\n' }, { state: 'resolved', apiKey: 'sk-1' }],
  ['openai', { OPENAI_API_KEY: '  ' }, { state: 'missing', variable: 'OPENAI_API_KEY' }],
  ['openai', {}, { state: 'missing', variable: 'OPENAI_API_KEY' }],
  ['local', {}, { state: 'resolved', apiKey: null }],
])('%s with %j', (name, env, expected) => expect(resolveCredential(providers.get(name)!, env)).toEqual(expected))
