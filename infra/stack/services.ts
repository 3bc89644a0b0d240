import type { StackSettings } from './stack-settings.ts'

/** One process of the stack besides Redis. */
export interface Service {
  name: string
  /** Path of its main file, from the checkout. */
  file: string
  env: NodeJS.ProcessEnv
  /** Options of Node for it. */
  nodeOptions?: string[]
  /** Its line on standard output that says it is ready, where it has no other way; the group is its URL. */
  readyLine?: RegExp
}

/** Main files by service; tests of the stack put their own in place. */
export interface ServiceFiles {
  simulator: string
  ingress: string
  worker: string
  background: string
  control: string
}

export const SERVICE_FILES: ServiceFiles = {
  simulator: 'services/simulator/src/main.ts',
  ingress: 'services/ingress/src/main.ts',
  worker: 'services/worker/src/main.ts',
  background: 'services/background/src/main.ts',
  control: 'services/control/src/main.ts',
}

/** Credentials that people keep in their shell, whatever the catalog names. */
const KNOWN_CREDENTIALS = [
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'GOOGLE_GENERATIVE_AI_API_KEY',
  'AZURE_API_KEY',
  'MISTRAL_API_KEY',
  'GROQ_API_KEY',
  'OPENROUTER_API_KEY',
]

/** Whoever keeps blobs in S3 needs them. */
const BLOB_CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

/**
 * Every service with the environment it gets, and no more than it needs: provider credentials go to workers alone, the API
 * key to ingress alone, what webhooks are signed with to ingress and background, and the simulator knows none of these nor Redis.
 */
export function listServices(stack: {
  settings: StackSettings
  controlPort: number
  redisUrl: string
  apiKey: string
  simulatorPort: number | null
  credentialVariables: readonly string[]
  env: NodeJS.ProcessEnv
  files: ServiceFiles
}): Service[] {
  const { settings, files } = stack
  const credentials = new Set([...KNOWN_CREDENTIALS, ...stack.credentialVariables])
  const withoutCredentials = Object.fromEntries(Object.entries(stack.env).filter(([name]) => !credentials.has(name)))
  const shared = {
    REDIS_URL: stack.redisUrl,
    SWITCHYARD_API_KEY: undefined,
    SWITCHYARD_SECRET: undefined,
    SWITCHYARD_CATALOG: settings.catalogFile,
    SWITCHYARD_DATA_DIR: settings.dataDir,
    SWITCHYARD_DRAIN_MS: String(settings.drainMs),
    SWITCHYARD_SIMULATOR_URL: stack.simulatorPort === null ? undefined : `http://127.0.0.1:${stack.simulatorPort}`,
    PORT: undefined,
    HOST: undefined,
    CONTROL_PORT: undefined,
    CONTROL_HOST: undefined,
  }
  const withoutBlobs = Object.fromEntries(BLOB_CREDENTIALS.map((name) => [name, undefined]))
  const worker = { ...stack.env, ...shared }
  const webhooks = {
    SWITCHYARD_SECRET: stack.env.SWITCHYARD_SECRET,
    // Started by a person on a machine of his own, whose receivers are there too.
    SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK: stack.env.SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK ?? '1',
  }
  const services: Service[] = [
    {
      name: 'ingress',
      file: files.ingress,
      // Thousands of open streams keep little; a young generation as large as Node's default is half of their memory.
      nodeOptions: ['--max-semi-space-size=16'],
      env: {
        ...withoutCredentials,
        ...shared,
        ...webhooks,
        PORT: String(settings.port),
        HOST: settings.host,
        SWITCHYARD_API_KEY: stack.apiKey,
      },
    },
    { name: 'worker', file: files.worker, env: { ...worker, SWITCHYARD_WORKER_ROLE: undefined } },
    { name: 'suspect worker', file: files.worker, env: { ...worker, SWITCHYARD_WORKER_ROLE: 'suspect' } },
    {
      name: 'background',
      file: files.background,
      // Inputs and outputs of batches stream through it: what is young is dead at once, and need not be many MB of it.
      nodeOptions: ['--max-semi-space-size=8'],
      env: { ...withoutCredentials, ...shared, ...webhooks },
    },
    {
      name: 'control',
      file: files.control,
      nodeOptions: ['--max-semi-space-size=4'],
      env: {
        ...withoutCredentials,
        ...shared,
        ...withoutBlobs,
        CONTROL_PORT: String(stack.controlPort),
        CONTROL_HOST: settings.controlHost,
      },
    },
  ]
  if (stack.simulatorPort === null) return services
  const simulator: Service = {
    name: 'simulator',
    file: files.simulator,
    env: {
      ...withoutCredentials,
      REDIS_URL: undefined,
      SWITCHYARD_API_KEY: undefined,
      SWITCHYARD_SECRET: undefined,
      ...withoutBlobs,
      CONTROL_PORT: undefined,
      CONTROL_HOST: undefined,
      SWITCHYARD_DRAIN_MS: String(settings.drainMs),
      PORT: String(stack.simulatorPort),
      HOST: '127.0.0.1',
    },
    readyLine: /^simulator ready (http\S+)/,
  }
  return [simulator, ...services]
}
