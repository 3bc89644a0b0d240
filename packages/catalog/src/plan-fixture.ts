import type { Needs } from './needs.ts'
import type { PlanInput } from './plan-input.ts'

/** An interactive request for a plan, at the epoch, with luck that is always the same. For tests. */
export function planInput(model: string, needs: Needs, given: Partial<PlanInput> = {}): PlanInput {
  return {
    model,
    needs,
    stream: false,
    expectedOutputTokens: Math.min(needs.maxOutputTokens ?? 1_024, 1_024),
    nowMs: 0,
    deadlineMs: null,
    patient: false,
    options: { unsupported: null, tier: 'interactive' },
    random: () => 0,
    ...given,
  }
}
