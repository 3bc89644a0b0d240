const LOOK_AT = 20_000

/**
 * The value of a `name: value` line of a text, where `name` is a property's name in any spelling (`invoice_number` finds
 * `Invoice number: 7`, `"invoiceNumber": 7`); null when there is none.
 */
export function findField(text: string, name: string): string | null {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
  if (words.length === 0 || words.length > 6) return null
  const line = new RegExp(
    `(?<![A-Za-z0-9])${words.join('[ _-]?')}["*_]{0,3}\\s?[:=]\\s?["*_]{0,3}([^\\n",;]{1,200})`,
    'i',
  )
  const value = line.exec(text.slice(0, LOOK_AT))?.[1]?.trim()
  return value === undefined || value === '' ? null : value
}
