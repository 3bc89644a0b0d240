import type { Catalog } from './catalog.ts'
import { formatProblems, parseCatalog } from './parse-catalog.ts'

/** The catalog of a text that is expected to be right. For tests. */
export function catalogFrom(text: string, env: Record<string, string | undefined> = {}): Catalog {
  const parsed = parseCatalog(text, { file: 'test.yaml', env })
  if ('problems' in parsed) throw new Error(formatProblems(parsed.problems))
  return parsed.catalog
}

/** Three providers, two models in one hop, one model that knows no JSON schemas. */
export const THREE_PROVIDERS = `
providers:
  openai: { kind: openai, apiKey: "\${OPENAI_API_KEY}" }
  anthropic: { kind: anthropic, apiKey: "\${ANTHROPIC_API_KEY}" }
  google: { kind: google, apiKey: "\${GEMINI_API_KEY}" }
  local: { kind: openai, baseUrl: "http://127.0.0.1:11434/v1/", apiKey: none }
classes:
  frontier: {}
  fast: { interactive: { concurrency: 8 } }
deployments:
  opus: { provider: anthropic, class: frontier, model: claude-opus-4-7 }
  gpt: { provider: openai, class: frontier, model: gpt-5.5-pro }
  gpt-old: { provider: openai, class: frontier, model: gpt-4-turbo }
  gemini: { provider: google, class: frontier, model: gemini-3.1-pro-preview }
  haiku: { provider: anthropic, class: fast, model: claude-haiku-4-5 }
  llama: { provider: local, class: fast, model: llama3.3, contextWindow: 8000, maxOutput: 2000 }
  embed: { provider: openai, class: fast, model: text-embedding-3-small }
models:
  claude: { route: [opus, gpt] }
  grouped: { route: [[opus, gpt, haiku, gpt-old], gemini] }
  old: { route: [gpt-old] }
  llama: { route: [llama] }
  llama-then-opus: { route: [llama, opus] }
  gemini: { route: [gemini] }
  embed: { route: [embed] }
  candidates: { policy: ordered, candidates: [haiku, opus] }
  auto: { policy: balanced, candidates: [opus, gpt], tasks: { architecture: opus } }
`
