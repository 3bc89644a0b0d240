import { z } from 'zod'

const environment = z.object({
  CONTROL_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  CONTROL_HOST: z.string().min(1).default('127.0.0.1'),
  CONTROL_NAMES: z.string().default(''),
  REDIS_URL: z.string().min(1),
  SWITCHYARD_CATALOG: z.string().min(1).default('infra/catalog.yaml'),
})

export interface Environment {
  port: number
  /** Where it listens. Anywhere but on this machine alone a key is asked for. */
  host: string
  /** Names besides `localhost` under which it may be asked. */
  names: string[]
  redisUrl: string
  catalogFile: string
}

/** Reads the process's settings, once. Throws with the names that are wrong, never with their values. */
export function readEnvironment(env: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new Error(`The environment is not valid: ${wrong.join('; ')}`)
  }
  const { data } = parsed
  return {
    port: data.CONTROL_PORT,
    host: data.CONTROL_HOST,
    names: data.CONTROL_NAMES.toLowerCase()
      .split(/[\s,]+/)
      .filter((name) => name !== ''),
    redisUrl: data.REDIS_URL,
    catalogFile: data.SWITCHYARD_CATALOG,
  }
}
