import type { LeftOut } from './write-requests.ts'
import type { Summary } from './write-summary.ts'

/** Files have the whole list. */
const MOST = 20

/** Every input without a request is named, or counted beside those that are. */
export function sayLeftOuts({ rejected, skipped }: { rejected: LeftOut[]; skipped: LeftOut[] }): void {
  list(
    rejected.map(({ document, why }) => `✗ ${document} ${why}`),
    'rejected',
  )
  list(
    skipped.map(({ document, why }) => `- ${document} ${why}: skipped`),
    'skipped',
  )
}

export function saySummary(summary: Summary, folder: string): void {
  const { documents, errors, failed, cost_usd: cost, usage, duration_seconds: seconds } = summary
  list(
    errors.map(({ line, code, message }) => `✗ ${line === null ? '' : `line ${line}: `}${code}: ${message}`),
    'wrong',
  )
  list(
    failed.map(({ document, code, message }) => `✗ ${document} ${code}: ${message}`),
    'failed',
  )
  const facts = [
    `${summary.status} in ${seconds} s`,
    `${documents.completed} of ${documents.completed + documents.failed} documents answered`,
    ...(documents.skipped === 0 ? [] : [`${documents.skipped} skipped`]),
    ...(usage ? [`${usage.input_tokens} tokens in, ${usage.output_tokens} out`] : []),
    cost === null ? 'cost not known' : `$${cost.toFixed(4)}`,
  ]
  process.stdout.write(`${facts.join(' · ')}\n${folder}/results.jsonl and ${folder}/summary.json\n`)
}

function list(lines: string[], what: string): void {
  for (const line of lines.slice(0, MOST)) process.stderr.write(`  ${line}\n`)
  if (lines.length > MOST) process.stderr.write(`  and ${lines.length - MOST} more ${what}\n`)
}
