/**
 * What a week of probing six models through OpenRouter recorded: 10,080 minimal requests of each, one a minute
 * (https://jonathanwrede.de/en/blog/i-monitored-6-llm-apis-for-7-days/). Times to the first token, ms; output tokens per second;
 * requests that failed. Prices are list prices in USD per million tokens as @pydantic/genai-prices 0.1.8 has them.
 *
 * `quality` is no measurement but a parameter of the simulation: something for policies to weigh. `slots`, too.
 */
export interface Profile {
  name: string
  recordedOf: string
  ttftMs: { p50: number; p95: number }
  tokensPerSecond: number
  failed: number
  price: { inputPerMTok: number; outputPerMTok: number }
  quality: number
  /** Calls that it answers at a time; more wait. */
  slots: number
}

export const PROBES = 10_080

export const PROFILES: readonly Profile[] = [
  {
    name: 'a',
    recordedOf: 'GPT-4o-mini',
    ttftMs: { p50: 645, p95: 1_094 },
    tokensPerSecond: 105.3,
    failed: 0,
    price: { inputPerMTok: 0.15, outputPerMTok: 0.6 },
    quality: 0.62,
    slots: 24,
  },
  {
    name: 'b',
    recordedOf: 'Claude 3.5 Haiku',
    ttftMs: { p50: 731, p95: 1_106 },
    tokensPerSecond: 58.1,
    failed: 0,
    price: { inputPerMTok: 0.8, outputPerMTok: 4 },
    quality: 0.75,
    slots: 24,
  },
  {
    name: 'c',
    recordedOf: 'Gemini 2.0 Flash',
    ttftMs: { p50: 556, p95: 2_313 },
    tokensPerSecond: 136.8,
    failed: 0,
    price: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
    quality: 0.66,
    slots: 24,
  },
  {
    name: 'd',
    recordedOf: 'Llama 3.3 70B',
    ttftMs: { p50: 761, p95: 2_221 },
    tokensPerSecond: 48.3,
    failed: 2,
    price: { inputPerMTok: 0.05, outputPerMTok: 0.24 },
    quality: 0.6,
    slots: 24,
  },
  {
    name: 'e',
    recordedOf: 'DeepSeek Chat',
    ttftMs: { p50: 1_068, p95: 3_017 },
    tokensPerSecond: 26,
    failed: 4,
    price: { inputPerMTok: 0.135, outputPerMTok: 0.55 },
    quality: 0.72,
    slots: 24,
  },
  {
    name: 'f',
    recordedOf: 'Mistral Small',
    ttftMs: { p50: 2_735, p95: 10_852 },
    tokensPerSecond: 191.6,
    failed: 3,
    price: { inputPerMTok: 0.1, outputPerMTok: 0.3 },
    quality: 0.58,
    slots: 24,
  },
]
