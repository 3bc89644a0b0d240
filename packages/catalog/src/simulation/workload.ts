import { PROBES, PROFILES, type Profile } from './latency-profiles.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** What would become of a job at one deployment, drawn beforehand, so that every way of choosing meets the same world. */
export interface Fate {
  ttftMs: number
  durationMs: number
  fails: boolean
  costNanoUsd: number
}

export interface SimulatedJob {
  arrivesAtMs: number
  inputTokens: number
  outputTokens: number
  /** After its arrival. */
  deadlineMs: number
  /** By profile. */
  fates: Fate[]
}

/** A deployment has episodes like these: slow, or down. */
interface Episode {
  fromMs: number
  untilMs: number
  /** On the time to the first token. */
  slower: number
  failureOdds: number
}

const EPISODE_EVERY_MS = 240_000
const EPISODE_MS = 45_000
/** A caller that waits, and one that does not. */
const DEADLINES_MS = { tight: 6_000, loose: 60_000, shareOfTight: 0.4 }

/** Jobs as they arrive: exponential gaps, long-tailed sizes, each with its fate everywhere. Deployments have slow and bad episodes. */
export function drawWorkload(options: { seed: number; jobs: number; meanGapMs: number }): SimulatedJob[] {
  const random = seededRandom(options.seed)
  const lengthMs = options.jobs * options.meanGapMs
  const episodes = PROFILES.map(() => drawEpisodes(random, lengthMs))
  let atMs = 0
  return Array.from({ length: options.jobs }, () => {
    atMs += random.exponential(options.meanGapMs)
    const inputTokens = Math.round(random.lognormal(800, 6_000))
    const outputTokens = Math.max(1, Math.round(random.lognormal(250, 900)))
    const isTight = random.uniform() < DEADLINES_MS.shareOfTight
    return {
      arrivesAtMs: atMs,
      inputTokens,
      outputTokens,
      deadlineMs: isTight ? DEADLINES_MS.tight : DEADLINES_MS.loose,
      fates: PROFILES.map((profile, i) => {
        const episode = episodes[i]!.find(({ fromMs, untilMs }) => atMs >= fromMs && atMs < untilMs)
        return drawFate(random, profile, episode, { inputTokens, outputTokens })
      }),
    }
  })
}

function drawEpisodes(random: SeededRandom, lengthMs: number): Episode[] {
  const episodes: Episode[] = []
  for (let atMs = random.exponential(EPISODE_EVERY_MS); atMs < lengthMs; atMs += random.exponential(EPISODE_EVERY_MS)) {
    const isDown = random.uniform() < 0.3
    const untilMs = atMs + random.exponential(EPISODE_MS)
    episodes.push({
      fromMs: atMs,
      untilMs,
      slower: isDown ? 1 : 2 + 4 * random.uniform(),
      failureOdds: isDown ? 0.7 : 0,
    })
    atMs = untilMs
  }
  return episodes
}

function drawFate(
  random: SeededRandom,
  { ttftMs, tokensPerSecond, failed, price }: Profile,
  episode: Episode | undefined,
  { inputTokens, outputTokens }: { inputTokens: number; outputTokens: number },
): Fate {
  const firstMs = random.lognormal(ttftMs.p50, ttftMs.p95) * (episode?.slower ?? 1)
  const perSecond = tokensPerSecond * (0.8 + 0.4 * random.uniform())
  const fails = random.uniform() < Math.max(failed / PROBES, episode?.failureOdds ?? 0)
  return {
    ttftMs: firstMs,
    durationMs: fails ? firstMs : firstMs + (1000 * outputTokens) / perSecond,
    fails,
    costNanoUsd: fails ? 0 : 1_000 * (inputTokens * price.inputPerMTok + outputTokens * price.outputPerMTok),
  }
}
