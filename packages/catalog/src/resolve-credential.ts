import type { Provider } from './catalog.ts'

export type Credential = { state: 'resolved'; apiKey: string | null } | { state: 'missing'; variable: string }

/**
 * The key of a provider, for workers only. `apiKey` null means that the provider wants none; a variable that is unset or
 * blank is `missing`, and the provider's deployments are then unavailable.
 */
export function resolveCredential(provider: Provider, env: Record<string, string | undefined>): Credential {
  if (provider.apiKeyRef === null) return { state: 'resolved', apiKey: null }
  const apiKey = env[provider.apiKeyRef]?.trim()
  return apiKey ? { state: 'resolved', apiKey } : { state: 'missing', variable: provider.apiKeyRef }
}
