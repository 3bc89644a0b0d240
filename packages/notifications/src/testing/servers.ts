function required(name: string): string {
  const url = process.env[name]
  if (!url) throw new Error(`${name} is not set: these tests need a real Redis`)
  return url
}

/** For `describe.each`: the suites hold on one server and on a cluster of three. */
export const SERVERS: readonly (readonly [string, string])[] = [
  ['one server', required('TEST_REDIS_URL')],
  ['a cluster', required('TEST_REDIS_CLUSTER')],
]
