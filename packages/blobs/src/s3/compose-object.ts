import { writeObject } from './object-writer.ts'
import { readObject, sizeOf } from './read-object.ts'
import { type S3Place, SMALLEST_PART_BYTES } from './s3-place.ts'

/** The most that one UploadPartCopy takes. */
const LONGEST_COPY_BYTES = 5 * 1024 ** 3
const SIZES_AT_ONCE = 16

/**
 * One object of these, one after the other. Stretches of 5 MiB and more are copied inside S3; what is smaller comes through here to be
 * joined with its neighbours, and before a large part so much of its beginning as makes them up to 5 MiB.
 */
export async function composeObject(
  place: S3Place,
  name: string,
  parts: readonly string[],
): Promise<{ bytes: number }> {
  const sizes = await sizesOf(place, parts)
  const writer = writeObject(place, name)
  try {
    for (const [i, part] of parts.entries()) {
      const bytes = sizes[i]!
      let at = 0
      const through = async (to: number) => {
        const found = await readObject(place, part, at, to)
        if (!found) throw missing(part)
        for await (const chunk of found.body) await writer.write(chunk as Buffer)
        at = to
      }
      if (bytes - writer.missing() < SMALLEST_PART_BYTES) {
        await through(bytes)
        continue
      }
      await through(writer.missing())
      while (at < bytes) {
        // No rest that would be too small to be a part by itself.
        const to = bytes - at > LONGEST_COPY_BYTES ? at + LONGEST_COPY_BYTES / 2 : bytes
        await writer.copy(part, at, to)
        at = to
      }
    }
    await writer.end()
  } catch (error) {
    await writer.abort()
    throw error
  }
  return { bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) }
}

async function sizesOf(place: S3Place, parts: readonly string[]): Promise<number[]> {
  const sizes: number[] = []
  for (let i = 0; i < parts.length; i += SIZES_AT_ONCE) {
    const some = parts.slice(i, i + SIZES_AT_ONCE)
    const found = await Promise.all(some.map((part) => sizeOf(place, part)))
    for (const [j, bytes] of found.entries()) {
      if (bytes === null) throw missing(some[j]!)
      sizes.push(bytes)
    }
  }
  return sizes
}

function missing(part: string): Error {
  return new Error(`there is no blob ${part}`)
}
