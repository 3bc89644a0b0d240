import type { AttemptBeginning, AttemptEnding } from '../record.ts'

export function newBeginning(number: number, fence: number): AttemptBeginning {
  return {
    number,
    fence,
    hop: 0,
    deployment: 'opus',
    provider: 'anthropic',
    model: 'claude-opus-4-7',
    simulated: true,
    dropped: [],
    startedAtMs: Date.now(),
    estimate: { inputTokens: 10, outputTokens: 20, costNanoUsd: 1_000 },
  }
}

export function newEnding(status: AttemptEnding['status'], costNanoUsd = 500): AttemptEnding {
  return {
    status,
    dropped: [],
    errorClass: status === 'completed' ? null : 'server',
    errorMessage: null,
    httpStatus: 200,
    ttftMs: 1,
    durationMs: 2,
    usage: { inputTokens: 10, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 0 },
    usageSource: 'provider',
    costNanoUsd,
    priceId: 'test',
  }
}
