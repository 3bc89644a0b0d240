import type { Processes, Target } from './load.ts'

/** One way to the simulator, as it runs. */
export interface Variant {
  target: Target
  /** Whose CPU time and memory are its own. */
  processes: Processes
  /** Standard error of its processes: where a Node process says at what address its inspector listens. */
  logFile: string
  stop(): Promise<void>
}

export const VARIANTS = ['direct', 'proxy', 'prototype', 'portkey', 'switchyard'] as const
export type VariantName = (typeof VARIANTS)[number]

/** The key that the simulator is called with. */
export const PROVIDER_KEY = 'bench'

/** Where the simulator answers chat completions in OpenAI's dialect. */
export const SIMULATOR_PATH = '/openai/v1/chat/completions'

export function headersWith(key: string, more: Record<string, string> = {}): Record<string, string> {
  return { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...more }
}
