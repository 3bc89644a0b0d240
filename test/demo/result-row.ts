/** A line of the command's results.jsonl, as far as it is read here. */
export interface ResultRow {
  document: string
  status: 'completed' | 'failed'
  output: unknown
  error: { code: string; message: string } | null
  usage: { prompt_tokens: number; completion_tokens: number } | null
  job: string | null
  /** Who answered. */
  model: string | null
}
