/** The servers that every Redis suite runs on: one server, and a cluster of three nodes. `npm test` starts both. */
export const SERVERS: [name: string, url: string][] = [
  ['one server', required('TEST_REDIS_URL')],
  ['cluster', required('TEST_REDIS_CLUSTER')],
]

function required(name: string): string {
  const url = process.env[name]
  if (!url) throw new Error(`${name} is not set: run the tests with npm test, or start servers and name them`)
  return url
}
