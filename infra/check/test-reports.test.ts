import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { REPORT_FILE, removeReports, sumReports } from './test-reports.ts'

it('sums the reports of every package, counts a suite that did not load, and forgets old ones', () => {
  const root = mkdtempSync(join(tmpdir(), 'sy-reports-'))
  const write = (place: string, report: object) => {
    const file = join(root, place, REPORT_FILE)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(report))
  }
  const loaded = { status: 'passed', assertionResults: [{}] }
  const unloaded = { status: 'failed', assertionResults: [] }
  write('packages/a', {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [loaded],
  })
  write('services/b', {
    numPassedTests: 2,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: [unloaded],
  })
  write('test', { numPassedTests: 1, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] })
  expect(sumReports(root)).toEqual({ passed: 6, failed: 2, skipped: 2 })
  removeReports(root)
  expect(sumReports(root)).toEqual({ passed: 0, failed: 0, skipped: 0 })
  rmSync(root, { recursive: true })
})
