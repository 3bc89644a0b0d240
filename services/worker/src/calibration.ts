/**
 * How far the estimate of input tokens is off at each deployment. The estimate is made before anybody knows who answers, in one pass
 * over the text; tokenizers of providers differ from it by up to a half in either direction, mostly by the same factor for all that is
 * asked of a model. With a full window, calls that count for more than was reserved are calls that the provider refuses.
 */
export interface Calibration {
  /** What the provider will count, most likely. */
  inputTokens(deployment: string, estimated: number): number
  /** What it has counted. */
  learn(deployment: string, estimated: number, counted: number): void
}

/** Shorter prompts say more about what is put around them than about the tokenizer. */
const LEAST_TOKENS = 32
/** Too little reserved is a refusal, too much is given back when the call ends: the factor rises faster than it falls. */
const RISE = 0.2
const FALL = 0.05
const [LEAST, MOST] = [0.5, 3]

export function createCalibration(): Calibration {
  const factors = new Map<string, number>()

  return {
    inputTokens: (deployment, estimated) => Math.ceil(estimated * (factors.get(deployment) ?? 1)),
    learn(deployment, estimated, counted) {
      if (estimated < LEAST_TOKENS || counted < LEAST_TOKENS) return
      const factor = factors.get(deployment) ?? 1
      const found = Math.min(MOST, Math.max(LEAST, counted / estimated))
      factors.set(deployment, factor + (found - factor) * (found > factor ? RISE : FALL))
    },
  }
}
