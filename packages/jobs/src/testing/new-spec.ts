import { newJobId } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'

/** A job of project `proj_test` over two hops, with what a test wants to be different. */
export function newSpec(over: Partial<JobSpec> = {}): JobSpec {
  return {
    v: 1,
    id: newJobId(),
    project: 'proj_test',
    apiKey: 'key_test',
    endpoint: '/v1/chat/completions',
    dialect: 'openai-chat',
    model: 'claude-4-7-opus',
    stream: true,
    includeUsage: false,
    tier: 'interactive',
    route: {
      policy: 'ordered',
      hops: [
        { lane: 'frontier.anthropic', deployments: [{ id: 'opus', drop: [] }] },
        { lane: 'frontier.openai', deployments: [{ id: 'gpt', drop: [] }] },
      ],
      reasons: [],
    },
    createdAtMs: Date.now(),
    deadlineMs: null,
    keepMs: 3_600_000,
    onDisconnect: 'continue',
    onBreak: 'fail',
    unsupported: null,
    metadata: {},
    tags: {},
    estimate: { inputTokens: 10, outputTokens: 20 },
    request: { bytes: 2 },
    ...over,
  }
}
