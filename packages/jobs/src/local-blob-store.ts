import { randomBytes } from 'node:crypto'
import { mkdir, open, opendir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from './blob-store.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){1,3}$/

/**
 * Blobs as files below one directory, for one machine. A blob is written beside its place and renamed, so no reader sees half of it.
 * `fsync`: a put resolves only when the blob would survive a power cut (`SWITCHYARD_DURABILITY=strict`).
 */
export async function openLocalBlobStore(directory: string, { fsync = false } = {}): Promise<BlobStore> {
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
        await writeFile(draft, data, { flush: fsync }).catch(async (error) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
          await mkdir(dirname(path), { recursive: true })
          await writeFile(draft, data, { flush: fsync })
        })
        await rename(draft, path)
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
      if (fsync) await syncDirectory(dirname(path))
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
          // One that has just been deleted is none any more.
          const found = await stat(join(projectPath, job.name)).catch(() => null)
          if (found) yield { project: project.name, jobId: job.name, modifiedAtMs: found.mtimeMs }
        }
        await rmdir(projectPath).catch(() => {})
      }
    },
  }
}

/** A rename survives a power cut once its directory is on the disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
