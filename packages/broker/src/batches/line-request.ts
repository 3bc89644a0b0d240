import { memberSpan } from '@switchyard/batches/member-span'

/** What a line of an input asks, in the bytes in which it asks it. The line has been validated (validate-input.ts). */
export function lineRequest(line: Buffer): { customId: string; body: Buffer } {
  const [customId, body] = ['custom_id', 'body'].map((name) => {
    const span = memberSpan(line, name)
    if (!span) throw new Error(`a validated line has no ${name}`)
    return line.subarray(span.start, span.end)
  }) as [Buffer, Buffer]
  return { customId: JSON.parse(customId.toString()) as string, body }
}
