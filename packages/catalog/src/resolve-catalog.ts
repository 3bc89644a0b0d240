import { CAPABILITIES, type Capabilities } from './capabilities.ts'
import type { Catalog, Deployment, ModelClass, ModelEntry, Price, Provider } from './catalog.ts'
import type { CatalogFile, DeploymentInFile } from './catalog-schema.ts'
import { KIND_FACTS } from './kind-capabilities.ts'
import { modelFacts } from './model-facts.ts'
import { tableEntry } from './price-table.ts'
import { promptCacheOf } from './prompt-cache.ts'

/** The Responses API takes no audio. */
const RESPONSES_LACKS = ['audio']
const DEFAULT_CONCURRENCY = { interactive: 256, batch: 64 }
const DEFAULT_BREAKER = { failures: 5, openMs: 5_000 }
const DEFAULT_TIMEOUTS = { firstTokenMs: 120_000, idleMs: 60_000, totalMs: 600_000 }

/** A checked file with every default filled in. */
export function resolveCatalog(file: CatalogFile, revision: string): Catalog {
  const providers = mapEntries(file.providers, resolveProvider)
  return {
    revision,
    providers,
    classes: mapEntries(file.classes, resolveClass),
    deployments: mapEntries(file.deployments, (name, written) =>
      resolveDeployment(name, written, providers.get(written.provider)!, revision),
    ),
    models: mapEntries(file.models, resolveModel),
  }
}

function resolveProvider(name: string, written: CatalogFile['providers'][string]): Provider {
  return {
    name,
    kind: written.kind,
    baseUrl: (written.baseUrl ?? KIND_FACTS[written.kind].baseUrl).replace(/\/+$/, ''),
    apiKeyRef: written.apiKey === 'none' ? null : written.apiKey.slice(2, -1),
  }
}

function resolveClass(name: string, written: CatalogFile['classes'][string]): ModelClass {
  return {
    name,
    interactive: { concurrency: written?.interactive?.concurrency ?? DEFAULT_CONCURRENCY.interactive },
    batch: { concurrency: written?.batch?.concurrency ?? DEFAULT_CONCURRENCY.batch },
  }
}

function resolveDeployment(name: string, written: DeploymentInFile, provider: Provider, revision: string): Deployment {
  const facts = modelFacts(provider.kind, written.model)
  const entry = entryFor(provider, written.model)
  return {
    name,
    provider,
    class: written.class,
    model: written.model,
    api: written.api ?? 'chat',
    streams: written.streams ?? true,
    region: written.region ?? null,
    weight: written.weight ?? 1,
    contextWindow: written.contextWindow ?? facts.contextWindow ?? entry?.contextWindow ?? null,
    maxOutput: written.maxOutput ?? facts.maxOutput ?? null,
    capabilities: resolveCapabilities(written, provider, [
      ...(facts.lacks ?? []),
      ...(written.api === 'responses' ? RESPONSES_LACKS : []),
    ]),
    unsupported: written.unsupported ?? facts.unsupported ?? [],
    limits: { ...written.limits },
    timeouts: {
      firstTokenMs: written.timeouts?.firstToken ?? DEFAULT_TIMEOUTS.firstTokenMs,
      idleMs: written.timeouts?.idle ?? DEFAULT_TIMEOUTS.idleMs,
      totalMs: written.timeouts?.total ?? DEFAULT_TIMEOUTS.totalMs,
    },
    breaker: {
      failures: written.breaker?.failures ?? DEFAULT_BREAKER.failures,
      openMs: written.breaker?.open ?? DEFAULT_BREAKER.openMs,
    },
    scores: { ...written.scores },
    typical: {
      firstTokenMs: written.typical?.firstToken ?? null,
      tokensPerSecond: written.typical?.tokensPerSecond ?? null,
    },
    nativeBatch: written.nativeBatch ?? false,
    promptCache: promptCacheOf(provider, written.model, written.promptCache),
    price:
      written.price === undefined
        ? entry && { source: 'table', provider: provider.kind, entry: entry.id }
        : ownPrice(`catalog:${revision}:${name}`, written.price, provider.kind),
  }
}

function resolveCapabilities(written: DeploymentInFile, provider: Provider, lacks: readonly string[]): Capabilities {
  const ofKind = KIND_FACTS[provider.kind].capabilities
  return Object.fromEntries(
    CAPABILITIES.map((key) => [key, written.capabilities?.[key] ?? (ofKind[key] && !lacks.includes(key))]),
  ) as Capabilities
}

/**
 * The model in the price table. Many servers speak OpenAI's dialect and ask their own prices, so what is served by an `openai`
 * provider elsewhere is not looked up.
 */
function entryFor(provider: Provider, model: string): ReturnType<typeof tableEntry> {
  const elsewhere = provider.kind === 'openai' && provider.baseUrl !== KIND_FACTS.openai.baseUrl
  return elsewhere ? null : tableEntry(provider.kind, model)
}

/** Anthropic asks twice the price of plain input for what is kept an hour, everybody else no more than for any write. */
function ownPrice(id: string, written: NonNullable<DeploymentInFile['price']>, kind: Provider['kind']): Price {
  const cacheWrite = written.cacheWritePerMTok ?? written.inputPerMTok
  const isDearer = kind === 'anthropic' && written.cacheWritePerMTok !== undefined
  return {
    source: 'catalog',
    id,
    inputPerMTok: written.inputPerMTok,
    cachedInputPerMTok: written.cachedInputPerMTok ?? written.inputPerMTok,
    cacheWritePerMTok: cacheWrite,
    cacheWriteLongPerMTok: written.cacheWriteLongPerMTok ?? (isDearer ? 2 * written.inputPerMTok : cacheWrite),
    outputPerMTok: written.outputPerMTok,
  }
}

function resolveModel(name: string, written: CatalogFile['models'][string]): ModelEntry {
  const policy = written.policy ?? 'ordered'
  const ordered = written.route ?? (policy === 'ordered' ? (written.candidates ?? []) : [])
  return {
    name,
    policy,
    route: ordered.map((hop) => (typeof hop === 'string' ? [hop] : hop)),
    candidates: written.candidates ?? [],
    tasks: { ...written.tasks },
    hedge: written.hedge ?? false,
  }
}

function mapEntries<A, B>(record: Record<string, A>, resolve: (name: string, value: A) => B): ReadonlyMap<string, B> {
  return new Map(Object.entries(record).map(([name, value]) => [name, resolve(name, value)]))
}
