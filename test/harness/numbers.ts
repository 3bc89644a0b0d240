const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/

/** Series of one page, by name and labels as they are written there. */
export type NumbersPage = ReadonlyMap<string, number>

/** The page of numbers of a control listener. */
export class Numbers {
  readonly #url: string

  constructor(controlUrl: string) {
    this.#url = `${controlUrl}/metrics`
  }

  async page(): Promise<NumbersPage> {
    const response = await fetch(this.#url)
    if (!response.ok) throw new Error(`no page: ${response.status} ${await response.text()}`)
    const page = new Map<string, number>()
    for (const line of (await response.text()).split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
      if (value === '') throw new Error(`no sample: ${line}`)
      page.set(labels === '' ? name : `${name}{${labels}}`, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value))
    }
    return page
  }
}

/** The sum of a metric's series that have all these labels, `lane="a.b"`; 0 where there is none. */
export function total(page: NumbersPage, name: string, ...labels: string[]): number {
  let sum = 0
  for (const [series, value] of page) {
    if (series === name || (series.startsWith(`${name}{`) && labels.every((label) => series.includes(label))))
      sum += value
  }
  return sum
}
