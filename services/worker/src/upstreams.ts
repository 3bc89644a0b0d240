import type { Catalog, Deployment, Provider } from '@switchyard/catalog/catalog'
import { resolveCredential } from '@switchyard/catalog/resolve-credential'
import type { Upstream } from '@switchyard/providers/call-provider'

/** Where the simulator speaks each kind. */
const SIMULATED_PATH = { openai: '/openai/v1', anthropic: '/anthropic/v1', google: '/google/v1beta' } as const

/** A deployment that this process can call, with whether the simulator stands in. */
export interface UsableDeployment {
  deployment: Deployment
  upstream: Upstream
}

export interface Upstreams {
  catalog: Catalog
  usable: ReadonlyMap<string, UsableDeployment>
  /** Providers without a credential, with the variable that would bring each. */
  missing: { provider: string; variable: string }[]
}

/**
 * Resolves credentials, in workers only. A provider without one is played by the simulator, where there is one, under the same
 * model names; else its deployments are not available.
 */
export function resolveUpstreams(catalog: Catalog, env: NodeJS.ProcessEnv, simulatorUrl: string | null): Upstreams {
  const usable = new Map<string, UsableDeployment>()
  const missing: Upstreams['missing'] = []
  const endpoints = new Map<string, Pick<Upstream, 'baseUrl' | 'apiKey' | 'simulated'> | null>()
  for (const provider of catalog.providers.values()) {
    const credential = resolveCredential(provider, env)
    if (credential.state === 'missing') missing.push({ provider: provider.name, variable: credential.variable })
    endpoints.set(provider.name, endpointOf(provider, credential, simulatorUrl))
  }
  for (const deployment of catalog.deployments.values()) {
    const endpoint = endpoints.get(deployment.provider.name)
    if (!endpoint) continue
    usable.set(deployment.name, {
      deployment,
      upstream: {
        deployment: deployment.name,
        kind: deployment.provider.kind,
        api: deployment.api,
        ...endpoint,
        model: deployment.model,
        streams: deployment.streams,
        timeouts: deployment.timeouts,
        maxOutput: deployment.maxOutput,
        promptCache: deployment.promptCache,
      },
    })
  }
  return { catalog, usable, missing }
}

function endpointOf(
  provider: Provider,
  credential: ReturnType<typeof resolveCredential>,
  simulatorUrl: string | null,
): Pick<Upstream, 'baseUrl' | 'apiKey' | 'simulated'> | null {
  if (credential.state === 'resolved') {
    return { baseUrl: provider.baseUrl, apiKey: credential.apiKey, simulated: false }
  }
  if (simulatorUrl === null) return null
  return {
    baseUrl: simulatorUrl.replace(/\/$/, '') + SIMULATED_PATH[provider.kind],
    apiKey: `simulated-${provider.name}`,
    simulated: true,
  }
}
