/** A table whose first row is its head; figures to the right. */
export function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `| --- |${' ---: |'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}

/** Three significant digits, thousands parted; a dash for what was not measured. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : 2)
}

/** As an addition to something: `+1.9`. */
export function added(value: number | null): string {
  const text = figure(value)
  return value !== null && value >= 0 && text !== '–' ? `+${text}` : text
}
