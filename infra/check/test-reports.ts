import { globSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Where each package's vitest leaves its report, from the package; `part` where it runs in parts. */
export function reportFile(part = ''): string {
  return `node_modules/.switchyard-tests${part === '' ? '' : `-${part}`}.json`
}

const PLACES = ['packages/*', 'services/*', 'infra', 'test'].map(
  (place) => `${place}/node_modules/.switchyard-tests*.json`,
)

export interface TestCounts {
  passed: number
  failed: number
  skipped: number
}

export interface TestRun {
  counts: TestCounts
  /** What failed, a line each: file, name, first line of the reason. */
  failures: string[]
  /** What passed at its second try only: either the machine was busy, or there is a race to be found. */
  flaky: string[]
}

/** Reports of an earlier run must not be counted. */
export function removeReports(root: string): void {
  for (const file of globSync(PLACES, { cwd: root })) rmSync(join(root, file))
}

/** The sum over every report there is. A suite that failed outside its tests (in a hook, or while it was loaded) counts as one failed test. */
export function sumReports(root: string): TestRun {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 }
  const failures: string[] = []
  const flaky: string[] = []
  for (const file of globSync(PLACES, { cwd: root }).sort()) {
    const report = JSON.parse(readFileSync(join(root, file), 'utf8')) as Report
    counts.passed += report.numPassedTests
    counts.failed += report.numFailedTests
    counts.skipped += report.numPendingTests + report.numTodoTests
    for (const suite of report.testResults) {
      const place = relative(root, suite.name)
      if (suite.status === 'failed' && !suite.assertionResults.some(({ status }) => status === 'failed')) {
        counts.failed += 1
        failures.push(`${place}: outside its tests: ${firstLine(suite.message)}`)
      }
      for (const { fullName, status, failureMessages } of suite.assertionResults) {
        if (status === 'failed') failures.push(`${place}: ${fullName}: ${firstLine(failureMessages[0])}`)
        // Reasons of a test that passed are those of its tries before.
        else if (failureMessages.length > 0) flaky.push(`${place}: ${fullName}: ${firstLine(failureMessages[0])}`)
      }
    }
  }
  return { counts, failures, flaky }
}

function firstLine(text = ''): string {
  return text.split('\n', 1)[0]!.slice(0, 300)
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}
