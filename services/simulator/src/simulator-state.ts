import { createPromptCache, type PromptCache } from './answer/prompt-cache.ts'
import { createFaultTable, type FaultTable } from './faults/fault-table.ts'
import { createLedger, type Ledger } from './ledger/ledger.ts'
import { createLimiter, type Limiter } from './limits/limiter.ts'
import { createModelTable, type ModelTable } from './limits/model-table.ts'

/** Everything one simulator knows; nothing of it outlives the process but the ledger file. */
export interface SimulatorState {
  ledger: Ledger
  faults: FaultTable
  models: ModelTable
  limiter: Limiter
  promptCache: PromptCache
}

export function createSimulatorState(): SimulatorState {
  return {
    ledger: createLedger(),
    faults: createFaultTable(),
    models: createModelTable(),
    limiter: createLimiter(),
    promptCache: createPromptCache(),
  }
}
