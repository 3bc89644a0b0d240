import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { newJobId } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'
import { expect, test } from 'vitest'
import { stickyLoads } from '../prompt-cache/stick-route.ts'
import { warmPlaces } from '../prompt-cache/warm-places.ts'
import { planJob } from './plan-job.ts'
import { readChatRequest } from './read-chat-request.ts'

const catalog = catalogFrom(`
providers:
  a: { kind: openai, baseUrl: "http://a.test/v1", apiKey: none }
  b: { kind: openai, baseUrl: "http://b.test/v1", apiKey: none }
classes: { fast: {} }
deployments:
  dear: { provider: a, class: fast, model: x, price: { inputPerMTok: 2, cachedInputPerMTok: 0.2, outputPerMTok: 5 } }
  cheap: { provider: b, class: fast, model: y, price: { inputPerMTok: 1, outputPerMTok: 5 } }
models:
  auto: { policy: cost, candidates: [dear, cheap] }
`)
const document = 'Words of a document that many ask about. '.repeat(3_000)

test('by cost the next question goes where the document is cached, although a new document would go elsewhere', () => {
  const watch = { sight() {}, recurs: () => true, pays: () => true, stop() {} }
  const caching = { watch, loads: stickyLoads(), places: warmPlaces() }
  const fleet = { catalog, ...unseenFleet(new Set(['dear', 'cheap'])), caching }
  function ask(content: string, options: object = {}): string {
    const messages = [
      { role: 'user', content },
      { role: 'user', content: 'And what of it?' },
    ]
    const body = { model: 'auto', messages, max_tokens: 10, switchyard: { prompt_cache: 'auto', ...options } }
    const bytes = Buffer.from(JSON.stringify(body))
    const spec: JobSpec = planJob(fleet, {
      id: newJobId(),
      payer: { project: 'p', apiKey: 'k' },
      intake: readChatRequest(bytes),
      plain: true,
      webhook: undefined,
      bytes: bytes.length,
      traceparent: undefined,
    })
    return spec.route.hops[0]!.deployments[0]!.id
  }
  expect(ask(document)).toBe('cheap')
  const other = `Another one. ${document}`
  expect(ask(other, { deny: ['cheap'] })).toBe('dear')
  expect(ask(other)).toBe('dear')
  expect(ask(document)).toBe('cheap')
})
