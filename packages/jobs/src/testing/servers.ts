import type { BlobStore } from '../blob-store.ts'

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

/** Blobs in memory, for suites that are not about blobs. */
export function memoryBlobs(): BlobStore & { names(): string[] } {
  const blobs = new Map<string, Buffer>()
  return {
    async put(name, data) {
      blobs.set(name, Buffer.from(data))
    },
    async get(name) {
      return blobs.get(name) ?? null
    },
    async delete(name) {
      blobs.delete(name)
    },
    async deleteJob(project, jobId) {
      for (const name of blobs.keys()) if (name.startsWith(`${project}/${jobId}/`)) blobs.delete(name)
    },
    async *listJobs() {
      for (const name of blobs.keys()) {
        const [project, jobId] = name.split('/') as [string, string]
        yield { project, jobId, modifiedAtMs: 0 }
      }
    },
    names: () => [...blobs.keys()],
  }
}
