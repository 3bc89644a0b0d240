import OpenAI from 'openai'
import { UsageError } from './usage-error.ts'

const USUAL_URL = 'http://127.0.0.1:8080'

/** The official client, towards `--base-url` or `SWITCHYARD_URL`, with or without `/v1` at its end. Throws a `UsageError` without a key. */
export function connect({ baseUrl, apiKey }: { baseUrl?: string; apiKey?: string }, env: NodeJS.ProcessEnv): OpenAI {
  const url = baseUrl || env.SWITCHYARD_URL || USUAL_URL
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new UsageError(`${url} is no http address`)
  const key = apiKey || env.SWITCHYARD_API_KEY || env.OPENAI_API_KEY
  if (!key) throw new UsageError('a key is needed: --api-key, SWITCHYARD_API_KEY or OPENAI_API_KEY')
  return new OpenAI({ baseURL: `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`, apiKey: key })
}
