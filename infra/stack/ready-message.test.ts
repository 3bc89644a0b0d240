import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { readyMessage } from './ready-message.ts'

const STACK = {
  url: 'http://127.0.0.1:8080',
  controlUrl: 'http://127.0.0.1:8081',
  apiKey: 'sk-sy-key',
  model: 'claude-4-7-opus',
}

it('begins with the line that scripts wait for', () => {
  const [first] = readyMessage({ ...STACK, simulatedFor: null }).split('\n')
  expect(first).toBe('switchyard ready http://127.0.0.1:8080 key sk-sy-key')
})

it('says that answers are simulated and which variables change that', () => {
  const message = readyMessage({ ...STACK, simulatedFor: ['OPENAI_API_KEY', 'GROQ'] })
  expect(message).toMatch(/simulator.*\n.*OPENAI_API_KEY, GROQ/)
  expect(readyMessage({ ...STACK, simulatedFor: [] })).toContain('SWITCHYARD_SIMULATOR=on')
  expect(readyMessage({ ...STACK, simulatedFor: null })).not.toContain('simulator')
})

it('says where the numbers are', () => {
  expect(readyMessage({ ...STACK, simulatedFor: null })).toContain(
    '\nNumbers for Prometheus: http://127.0.0.1:8081/metrics\n',
  )
})

it('prints a curl that a shell reads as meant', () => {
  const curl = readyMessage({ ...STACK, simulatedFor: null })
    .split('\n')
    .find((line) => line.startsWith('curl '))
  const words = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${curl}`], { encoding: 'utf8' }).split('\n')
  expect(words[0]).toBe('http://127.0.0.1:8080/v1/chat/completions')
  expect(words).toContain('authorization: Bearer sk-sy-key')
  expect(JSON.parse(words[words.indexOf('-d') + 1] ?? '')).toMatchObject({ model: 'claude-4-7-opus' })
})
