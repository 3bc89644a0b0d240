import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { removeReports, reportFile, sumReports } from './test-reports.ts'

it('sums the reports of every package, names what failed or passed late, and forgets old ones', () => {
  const root = mkdtempSync(join(tmpdir(), 'sy-reports-'))
  const write = (place: string, report: object, part?: string) => {
    const file = join(root, place, reportFile(part))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(report))
  }
  const test = (fullName: string, status: string, ...failureMessages: string[]) => ({
    fullName,
    status,
    failureMessages,
  })
  const file = (name: string, ...assertionResults: object[]) => ({
    name: join(root, name),
    status: 'passed',
    assertionResults,
  })
  write('packages/a', {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [
      file(
        'packages/a/a.test.ts',
        test('adds', 'passed'),
        test('waits', 'passed', 'Error: too late\n    at a.test.ts'),
        test('divides', 'failed', 'Error: by zero\n    at a.test.ts', 'Error: again'),
      ),
    ],
  })
  write('services/b', {
    numPassedTests: 2,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: [{ ...file('services/b/b.test.ts'), status: 'failed', message: 'no such module\n    at b' }],
  })
  write('test', { numPassedTests: 1, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }, 'chaos')
  expect(sumReports(root)).toEqual({
    counts: { passed: 6, failed: 2, skipped: 2 },
    failures: [
      'packages/a/a.test.ts: divides: Error: by zero',
      'services/b/b.test.ts: outside its tests: no such module',
    ],
    flaky: ['packages/a/a.test.ts: waits: Error: too late'],
  })
  removeReports(root)
  expect(sumReports(root)).toEqual({ counts: { passed: 0, failed: 0, skipped: 0 }, failures: [], flaky: [] })
  rmSync(root, { recursive: true })
})
