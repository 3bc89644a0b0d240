import type { ClientProcess } from './client-process.ts'
import type { Crew } from './crew.ts'
import type { BenchOptions } from './options.ts'
import type { Results } from './results.ts'
import type { BenchSimulator } from './start-simulator.ts'
import type { Variant, VariantName } from './variant.ts'

/** What every part of the bench works with. */
export interface Rig {
  options: BenchOptions
  /** Temporary; removed at the end. */
  directory: string
  crew: Crew
  client: ClientProcess
  simulator: BenchSimulator
  results: Results
  /** Tells the person who waits. */
  say(what: string): void
}

/** The variants that run, by name. */
export type Running = ReadonlyMap<VariantName, Variant>
