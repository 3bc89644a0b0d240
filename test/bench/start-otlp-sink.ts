import { fileURLToPath } from 'node:url'
import type { Crew } from './crew.ts'

export interface OtlpSink {
  url: string
  /** Spans received so far. */
  spans(): Promise<number>
  stop(): Promise<void>
}

export async function startOtlpSink(crew: Crew): Promise<OtlpSink> {
  const member = crew.start({
    name: 'otlp-sink',
    command: process.execPath,
    args: [fileURLToPath(new URL('otlp-sink.ts', import.meta.url))],
  })
  const [, url = ''] = await member.line(/^sink ready (http\S+)/)
  return {
    url,
    spans: async () => Number(await (await fetch(`${url}/spans`)).text()),
    stop: () => member.stop(),
  }
}
