// npm test (infra/start/test.mjs brings Node, dependencies, pnpm and a Redis server first): every check and every test that CI runs.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onStopRequest } from '../stack/stop-request.ts'
import { runCommand } from './run-command.ts'
import { removeReports, reportFile, sumReports } from './test-reports.ts'
import { startTestServers } from './test-servers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stopRequest = onStopRequest()
const results: { name: string; code: number; seconds: number }[] = []
const env: NodeJS.ProcessEnv = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
}

/** Every `test` script of the workspace is a vitest command, so all of them take these. `part`: of a package that is tested in parts. */
const reporting = (part?: string) => [
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile(part)}`,
  // Ends what hangs. A machine that others share may take ten times as long for what is done in no time.
  '--testTimeout=60000',
  '--hookTimeout=60000',
  // Real processes, sockets and clocks on a shared machine: a second try counts, and is told of at the end.
  '--retry=1',
]

/** Everything is run even after a failure: one run shows all that is wrong. */
async function step(name: string, command: string, ...args: string[]): Promise<void> {
  await stepIn(root, name, command, ...args)
}

async function stepIn(directory: string, name: string, command: string, ...args: string[]): Promise<void> {
  if (stopRequest.signal.aborted) return
  console.error(`\n── ${name}`)
  const since = performance.now()
  const code = await runCommand(command, args, { directory, env, signal: stopRequest.signal })
  results.push({ name, code, seconds: (performance.now() - since) / 1000 })
}

await step('format and lint', 'biome', 'check', '--error-on-warnings', '.')
await step('types', 'turbo', 'run', 'check', '--continue', '--output-logs=errors-only')
await step('import table', 'depcruise', '--config', '.dependency-cruiser.mjs', 'packages', 'services', 'test', 'infra')
await step('unused code', 'knip')

const servers = stopRequest.signal.aborted
  ? undefined
  : await startTestServers(env.SWITCHYARD_REDIS_SERVER || 'redis-server')
env.TEST_REDIS_URL = servers?.url
env.TEST_REDIS_CLUSTER = servers?.clusterUrl
removeReports(root)
await step(
  'tests of packages and services',
  'turbo',
  'run',
  'test',
  '--filter=!@switchyard/test',
  '--continue',
  '--concurrency=3',
  '--',
  ...reporting(),
)
// Crashes are mostly waited for.
const outside = join(root, 'test')
await Promise.all(
  ['e2e', 'chaos'].map((project) =>
    stepIn(outside, `tests from outside: ${project}`, 'vitest', 'run', '--project', project, ...reporting(project)),
  ),
)
await servers?.stop()

const { counts, failures: failedTests, flaky } = sumReports(root)
const failures = results.filter(({ code }) => code !== 0)
console.error('')
for (const { name, code, seconds } of results) {
  console.error(`${code === 0 ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${name}`)
}
for (const test of flaky) console.error(`second try: ${test}`)
for (const test of failedTests) console.error(`failed: ${test}`)
if (counts.skipped > 0) console.error(`${counts.skipped} skipped`)
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`)
process.exit(failures.length === 0 && counts.failed === 0 && !stopRequest.signal.aborted ? 0 : 1)
