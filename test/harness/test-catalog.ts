import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

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
  catalog.models.hasty = { route: ['hasty-gpt', 'haiku'] }
  catalog.models['hasty-claude'] = { route: ['hasty-opus', 'gpt-mini'] }
  catalog.models.alone = { route: ['gpt-mini'] }
  catalog.models.narrow = { route: ['narrow'] }
  const file = join(directory, 'catalog.yaml')
  await writeFile(file, stringify(catalog))
  return file
}
