/** For `describe.each`: the servers that the suites of this package share with others; `npm test` starts both. */
export const SERVERS: [name: string, url: string, isCluster: boolean][] = [
  ['one server', required('TEST_REDIS_URL'), false],
  ['a cluster', required('TEST_REDIS_CLUSTER'), true],
]

function required(name: string): string {
  const url = process.env[name]
  if (!url) throw new Error(`${name} is not set: run the tests with npm test, or start servers and name them`)
  return url
}
