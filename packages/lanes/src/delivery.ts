/** One BullMQ message for a job. Deliveries of a job are numbered; a consumer drops all but the newest (design.md §3). */
export interface Delivery {
  jobId: string
  /** 1, 2, 3 … within the job. */
  delivery: number
  /** On a first delivery: whom to ask first. Advice only, a delivery without it is run all the same. */
  first?: FirstChoice
}

/** What a consumer must know of a job's first attempt to prepare it while it is still claiming the job. */
export interface FirstChoice {
  deployment: string
  inputTokens: number
  outputTokens: number
  /** Parameters that this deployment can't honour. */
  drop: string[]
}

const MOST_DATA_BYTES = 200
const NO_DATA = '{}'

/**
 * The BullMQ id of a delivery, `<jobId>.<delivery>`. It says all there is to know, so that a message whose hash was half deleted can still be
 * handled; the data is for speed.
 */
export function deliveryId({ jobId, delivery }: Delivery): string {
  return `${jobId}.${delivery}`
}

/** The delivery that a BullMQ id names; null for an id that is none of ours. */
export function parseDeliveryId(id: string): Delivery | null {
  const dot = id.lastIndexOf('.')
  const number = id.slice(dot + 1)
  if (dot < 1 || !/^\d{1,15}$/.test(number)) return null
  return { jobId: id.slice(0, dot), delivery: Number(number) }
}

/**
 * The data of a delivery's message: its first choice where there is one and it is short. `{"first":["opus",10,20]}`: a row, because
 * Redis keeps a hash whose values have at most 64 bytes in a third of the memory.
 */
export function deliveryData({ first }: Delivery): string {
  if (!first) return NO_DATA
  const { deployment, inputTokens, outputTokens, drop } = first
  const data = JSON.stringify({ first: [deployment, inputTokens, outputTokens, ...drop] })
  return Buffer.byteLength(data) <= MOST_DATA_BYTES ? data : NO_DATA
}

/** The first choice that a message's data names; undefined for data without, or that is none of ours. */
export function parseFirstChoice(json: string): FirstChoice | undefined {
  if (json === NO_DATA) return undefined
  const data = parse(json)
  if (typeof data !== 'object' || data === null || !('first' in data) || !Array.isArray(data.first)) return undefined
  const [deployment, inputTokens, outputTokens, ...drop] = data.first as unknown[]
  const isValid =
    typeof deployment === 'string' &&
    Number.isSafeInteger(inputTokens) &&
    Number.isSafeInteger(outputTokens) &&
    drop.every((name) => typeof name === 'string')
  if (!isValid) return undefined
  return {
    deployment,
    inputTokens: inputTokens as number,
    outputTokens: outputTokens as number,
    drop: drop as string[],
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
