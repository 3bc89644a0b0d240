import { startSimulator } from './start-simulator.ts'

/** The process: `PORT` (0: any), `HOST`, `SIMULATOR_LEDGER` (a JSONL file). SIGTERM and SIGINT end it at once. */
const port = Number(process.env.PORT || 0)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`simulator: PORT is not a port: ${process.env.PORT}`)
  process.exit(1)
}
const simulator = await startSimulator({
  port,
  host: process.env.HOST || '127.0.0.1',
  ledgerPath: process.env.SIMULATOR_LEDGER || undefined,
})
process.stdout.write(`simulator ready ${simulator.url}\n`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    setTimeout(() => process.exit(1), 900).unref()
    void simulator.stop().then(() => process.exit(0))
  })
}
