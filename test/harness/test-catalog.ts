import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { addTrials } from './trial-catalog.ts'

const DEFAULT = fileURLToPath(new URL('../../infra/catalog.yaml', import.meta.url))

/** The default catalog with deployments that lose patience within a test's time, and routes of one hop. */
export async function writeTestCatalog(directory: string): Promise<string> {
  const catalog = parse(await readFile(DEFAULT, 'utf8'))
  const hasty = { firstToken: '600ms', idle: '600ms' }
  catalog.deployments['hasty-gpt'] = { provider: 'openai', class: 'fast', model: 'gpt-5.4-hasty', timeouts: hasty }
  catalog.deployments['hasty-opus'] = {
    provider: 'anthropic',
    class: 'frontier',
    model: 'claude-hasty',
    timeouts: hasty,
  }
  catalog.deployments.narrow = {
    provider: 'openai',
    class: 'fast',
    model: 'gpt-5.4-narrow',
    limits: { inFlight: 2 },
  }
  // Without limits: documents of millions of tokens go through within seconds.
  catalog.deployments.documents = { provider: 'anthropic', class: 'frontier', model: 'claude-sonnet-4-5' }
  catalog.models.documents = { route: ['documents'] }
  catalog.classes.metered = {}
  catalog.deployments.metered = { provider: 'openai', class: 'metered', model: 'gpt-5.4-metered', limits: { rpm: 5 } }
  catalog.models.metered = { route: ['metered'] }
  // For a minute after its 429 nobody calls it: no suite but the one that asks for it.
  for (const mode of ['stream', 'background']) {
    const name = `refused-${mode}`
    catalog.deployments[name] = { provider: 'google', class: 'frontier', model: `gemini-${name}`, limits: { rpm: 100 } }
    catalog.models[name] = { route: [name, 'opus'] }
  }
  for (const region of ['us', 'us2', 'eu']) {
    catalog.deployments[`regional-${region}`] = {
      provider: 'openai',
      class: 'fast',
      model: `gpt-5.4-regional-${region}`,
      region: region.slice(0, 2),
    }
  }
  catalog.models.regional = { route: [['regional-us', 'regional-us2', 'regional-eu'], 'haiku'] }
  // What is late is asked of the next one too.
  for (const letter of ['a', 'b']) {
    const price = { inputPerMTok: 1, outputPerMTok: 2 }
    catalog.deployments[`hedged-${letter}`] = {
      provider: 'openai',
      class: 'fast',
      model: `gpt-5.4-hedged-${letter}`,
      price,
    }
  }
  catalog.models.hedged = { route: ['hedged-a', 'hedged-b'], hedge: true }
  catalog.models.hasty = { route: ['hasty-gpt', 'haiku'] }
  catalog.models['hasty-claude'] = { route: ['hasty-opus', 'gpt-mini'] }
  catalog.models.alone = { route: ['gpt-mini'] }
  catalog.models.narrow = { route: ['narrow'] }
  // The default `auto` on deployments of its own, whose health no other suite touches.
  const own = (name: string) => `auto-${name}`
  const { candidates, tasks, ...auto } = catalog.models.auto
  for (const name of candidates) catalog.deployments[own(name)] = { ...catalog.deployments[name] }
  catalog.models['auto-own'] = {
    ...auto,
    candidates: candidates.map(own),
    tasks: Object.fromEntries(Object.entries(tasks).map(([task, name]) => [task, own(String(name))])),
  }
  addTrials(catalog)
  // Most suites let deployments fail on purpose; that must not keep the next one from calling them.
  for (const deployment of Object.values<Record<string, unknown>>(catalog.deployments)) {
    deployment.breaker ??= { failures: 1_000, open: '50ms' }
  }
  const file = join(directory, 'catalog.yaml')
  await writeFile(file, stringify(catalog))
  return file
}
