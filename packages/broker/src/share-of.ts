import type { JobSpec } from '@switchyard/contract/job'
import type { Share } from '@switchyard/lanes/turn'

/** What a job's place in a lane is computed from. */
export function shareOf({ project, weight = 1, estimate }: JobSpec): Share {
  return { project, weight, tokens: estimate.inputTokens + estimate.outputTokens }
}
