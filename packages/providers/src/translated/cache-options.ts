import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { CacheControl } from '../prompt-cache/anthropic-marks.ts'

/** A mark in the SDK's words; nothing where there is none. */
export function cacheOptions(mark: CacheControl | null): { providerOptions?: SharedV4ProviderOptions } {
  return mark === null ? {} : { providerOptions: { anthropic: { cacheControl: { ...mark } } } }
}
