import { randomBytes } from 'node:crypto'
import { mkdir, opendir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from './blob-store.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){1,3}$/

/** Blobs as files below one directory, for one machine. A blob is written beside its place and renamed, so no reader sees half of it. */
export async function openLocalBlobStore(directory: string): Promise<BlobStore> {
  await mkdir(directory, { recursive: true })

  function pathOf(name: string): string {
    if (!NAME.test(name)) throw new Error(`not a blob name: ${JSON.stringify(name)}`)
    return join(directory, name)
  }

  return {
    async put(name, data) {
      const path = pathOf(name)
      const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
      try {
        await writeFile(draft, data)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        await mkdir(dirname(path), { recursive: true })
        await writeFile(draft, data)
      }
      await rename(draft, path)
    },
    async get(name) {
      try {
        return await readFile(pathOf(name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    async delete(name) {
      await rm(pathOf(name), { force: true })
    },
    async deleteJob(project, jobId) {
      const path = pathOf(`${project}/${jobId}`)
      await rm(path, { recursive: true, force: true })
    },
    async *listJobs() {
      for await (const project of await opendir(directory)) {
        if (!project.isDirectory()) continue
        const projectPath = join(directory, project.name)
        for await (const job of await opendir(projectPath)) {
          if (!job.isDirectory()) continue
          const { mtimeMs } = await stat(join(projectPath, job.name))
          yield { project: project.name, jobId: job.name, modifiedAtMs: mtimeMs }
        }
        await rmdir(projectPath).catch(() => {})
      }
    },
  }
}
