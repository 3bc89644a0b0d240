const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|[-+0-9.e]+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/**
 * Samples of a page in Prometheus' text format, strictly by its grammar: every metric declared once and before its samples, no series
 * twice. Throws for anything else.
 */
export function parseExposition(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const kinds = new Map<string, string>()
  const seen = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# HELP ')) continue
    const declared = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)
    if (declared) {
      const [, name, kind] = declared as unknown as [string, string, string]
      if (kinds.has(name)) throw new Error(`${name} is declared twice`)
      kinds.set(name, kind)
      continue
    }
    const match = SAMPLE.exec(line)
    if (!match) throw new Error(`no sample: ${line}`)
    const [, name = '', labels = '', value = ''] = match
    const family = kinds.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    if (!kinds.has(family)) throw new Error(`${name} is not declared`)
    if ((family !== name) !== (kinds.get(family) === 'histogram')) throw new Error(`${name} is not of its kind`)
    if (seen.has(`${name}{${labels}}`)) throw new Error(`twice: ${line}`)
    seen.add(`${name}{${labels}}`)
    samples.push({
      name,
      labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label, text]) => [label, text])),
      value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value),
    })
  }
  return samples
}
