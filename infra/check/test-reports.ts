import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Where each package's vitest leaves its report, from the package. */
export const REPORT_FILE = 'node_modules/.switchyard-tests.json'

const PLACES = ['packages/*', 'services/*', 'infra', 'test'].map((place) => `${place}/${REPORT_FILE}`)

export interface TestCounts {
  passed: number
  failed: number
  skipped: number
}

/** Reports of an earlier run must not be counted. */
export function removeReports(root: string): void {
  for (const file of globSync(PLACES, { cwd: root })) rmSync(join(root, file))
}

/** The sum over every report there is. A suite that could not even be loaded counts as one failed test. */
export function sumReports(root: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of globSync(PLACES, { cwd: root })) {
    const report = JSON.parse(readFileSync(join(root, file), 'utf8')) as Report
    counts.passed += report.numPassedTests
    counts.failed += report.numFailedTests
    counts.skipped += report.numPendingTests + report.numTodoTests
    const unloaded = report.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
    )
    counts.failed += unloaded.length
  }
  return counts
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}
