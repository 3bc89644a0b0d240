/**
 * How many tokens a text is, roughly: one pass over its characters, no vocabulary. A real tokenizer (gpt-tokenizer, o200k_base)
 * takes 250 µs for a 2 KB prompt on this kind of machine and 75 MB of memory; this takes 15 µs. On prose, code, JSON, base64
 * and the larger scripts it lands within 0.7 to 1.5 times that tokenizer's count (`estimate-tokens.test.ts`); other vendors'
 * tokenizers differ from it by as much. So it is good for quotas and for choosing a deployment, not for billing.
 */
export function estimateTokens(text: string): number {
  if (text.length <= SAMPLED_ABOVE) return Math.ceil(weigh(text, 0, text.length))

  // Long texts are judged by evenly spaced windows, so that a body of 32 MB costs no more than one of 64 KB.
  const stride = (text.length - WINDOW) / (WINDOWS - 1)
  let weight = 0
  for (let i = 0; i < WINDOWS; i++) {
    const start = Math.floor(i * stride)
    weight += weigh(text, start, start + WINDOW)
  }
  return Math.ceil((weight * text.length) / (WINDOWS * WINDOW))
}

/**
 * Adds up many texts at a bounded cost: once 256 K characters are counted, the rest is taken at the
 * rate found so far.
 */
export function tokenTally(): { add(text: string): void; total(): number } {
  let tokens = 0
  let characters = 0
  return {
    add(text) {
      tokens += characters > COUNTED ? (text.length * tokens) / characters : estimateTokens(text)
      characters += text.length
    },
    total: () => Math.ceil(tokens),
  }
}

const SAMPLED_ABOVE = 65_536
const COUNTED = 4 * SAMPLED_ABOVE
const WINDOWS = 16
const WINDOW = 4_096

const WIDE = 0
const LOWER = 1
const UPPER = 2
const DIGIT = 3
const SPACE = 4
const LINE = 5
const MARK = 6

const KIND = new Uint8Array(128).fill(MARK)
for (let code = 0x61; code <= 0x7a; code++) KIND[code] = LOWER
for (let code = 0x41; code <= 0x5a; code++) KIND[code] = UPPER
for (let code = 0x30; code <= 0x39; code++) KIND[code] = DIGIT
KIND[0x20] = SPACE
KIND[0x09] = SPACE
KIND[0x0a] = LINE
KIND[0x0d] = LINE

/** The rules were fitted to o200k_base: what starts a token, and how long runs of one kind break. */
function weigh(text: string, start: number, end: number): number {
  let tokens = 0
  let previous = -1
  let run = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 128) {
      tokens += wideWeight(code)
      previous = WIDE
      continue
    }
    const kind = KIND[code]!
    run = kind === previous || (kind === LOWER && previous === UPPER) ? run + 1 : 1
    switch (kind) {
      case LOWER:
      case UPPER:
        // A word is one token and takes its space along; long words break, capitals sooner.
        if (run === 1 || (run > 9 && run % 6 === 4)) tokens += 1
        else if (kind === UPPER && run % 4 === 3) tokens += 0.6
        break
      case DIGIT:
        // Three digits a token; the space before them is one of its own.
        if (run % 3 === 1) tokens += 1
        if (run === 1 && previous === SPACE) tokens += 0.8
        break
      case SPACE:
        if (run === 2) tokens += 1
        break
      case LINE:
        if (run === 1) tokens += previous === MARK ? 0.3 : 0.85
        break
      default:
        tokens += run === 1 ? 0.85 : 0.3
    }
    previous = kind
  }
  return tokens
}

/** Per UTF-16 unit: accented Latin, other alphabets, then ideographs, kana and hangul, then halves of emoji. */
function wideWeight(code: number): number {
  if (code < 0x250) return 0.6
  if (code < 0x2e80) return 0.27
  return code >= 0xd800 && code <= 0xdfff ? 1 : 0.8
}
