// The stack with fake services, as a process of its own.
import { fileURLToPath } from 'node:url'
import { runStack } from '../run-stack.ts'

const file = fileURLToPath(new URL('./fake-service.ts', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))
process.exit(await runStack(root, process.env, { simulator: file, ingress: file, worker: file, background: file, control: file }))
