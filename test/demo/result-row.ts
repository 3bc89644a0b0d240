import type { Extraction } from './extraction.ts'

/** One line of the results: what became of one document. */
export interface ResultRow {
  document: string
  job: string | null
  /** Of the job; `not_accepted` where there is none, `unknown` where it was lost sight of. */
  status: string
  extraction: Extraction | null
  error: { code: string; message: string } | null
  /** Deployments in the order in which they were tried. */
  attempts: string[]
  /** Who answered, as `x-switchyard-deployment` says it. */
  answered_by: string | null
  input_tokens: number
  output_tokens: number
  /** null: unpriced. */
  cost_usd: number | null
  /** From sending the request to the job's last event, as this client saw it. */
  duration_ms: number | null
  /** The part of it in which no provider worked: acceptance, queue, pauses between attempts, delivery. */
  wait_ms: number | null
}
