/** The rows of test/e2e/acceptance.test.ts; each has deployments of its own, because breakers and limiters remember. */
export const TRIALS = [
  'limited-once',
  'limited',
  'failed-once',
  'down',
  'reset',
  'silent',
  'slow',
  'cut',
  'stalled',
  'malformed',
  'unfinished',
  'too-long',
  'filtered',
  'prefill',
  'flapping',
  'refused',
] as const

export type Trial = (typeof TRIALS)[number]
export type TrialMode = 'stream' | 'background'

/** Name of a row's model; `a` serves it first, then `b`. The upstream model is called like the deployment. */
export const trialModel = (trial: Trial, mode: TrialMode) => `trial-${trial}-${mode}`
export const trialUpstream = (trial: Trial, mode: TrialMode, letter: 'a' | 'b') => `gpt-5.4-${trial}-${mode}-${letter}`

/** An answer in one piece has no first token: only the whole of it is bounded. */
function timeoutsOf(trial: Trial, mode: TrialMode): Record<string, string> {
  if (trial === 'slow' && mode === 'background') return { firstToken: '30s', idle: '30s' }
  return { firstToken: '1s', idle: '1s', ...(trial === 'silent' ? { total: '1500ms' } : {}) }
}

/** What the rows need in the catalog: providers that nobody else uses, little patience, breakers that are soon half-open. */
export function addTrials(catalog: Record<string, Record<string, unknown>>): void {
  const { providers, classes, deployments, models } = catalog as Record<string, Record<string, unknown>>
  classes!.trial = {}
  for (const trial of TRIALS) {
    for (const mode of ['stream', 'background'] as const) {
      const name = trialModel(trial, mode)
      for (const letter of ['a', 'b'] as const) {
        // A refused credential is the provider's matter, so that row has providers of its own too.
        const provider = trial === 'refused' ? `${name}-${letter}` : `trial-${letter}`
        providers![provider] = { kind: 'openai', apiKey: `\${NO_SUCH_KEY}` }
        deployments![`${name}-${letter}`] = {
          provider,
          class: 'trial',
          model: trialUpstream(trial, mode, letter),
          contextWindow: letter === 'a' ? 8_000 : 128_000,
          breaker: { failures: trial === 'down' || trial === 'flapping' ? 4 : 100, open: '500ms' },
          // Its refusal is remembered by all workers; without limits by the one that was refused.
          ...(trial === 'limited' ? { limits: { rpm: 1_000 } } : {}),
          timeouts: timeoutsOf(trial, mode),
        }
      }
      models![name] = { route: [`${name}-a`, `${name}-b`] }
    }
  }
}
