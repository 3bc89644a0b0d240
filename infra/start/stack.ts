// The stack that npm start runs (infra/start/start.mjs brings Node, dependencies and a Redis server first).
import { fileURLToPath } from 'node:url'
import { runStack } from '../stack/run-stack.ts'
import { SERVICE_FILES } from '../stack/services.ts'

process.exit(await runStack(fileURLToPath(new URL('../..', import.meta.url)), process.env, SERVICE_FILES))
