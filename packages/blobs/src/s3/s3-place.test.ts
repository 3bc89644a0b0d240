import { expect, it } from 'vitest'
import { openBlobStore } from '../open-blob-store.ts'
import { startS3Server } from '../testing/s3-server.ts'
import { parseS3Location } from './s3-place.ts'

it.each([
  ['s3://bucket', 'bucket', ''],
  ['s3://my-bucket.eu/', 'my-bucket.eu', ''],
  ['s3://bucket/a', 'bucket', 'a/'],
  ['s3://bucket//a/b//', 'bucket', 'a/b/'],
])('%s', (location, bucket, prefix) => {
  expect(parseS3Location(location)).toEqual({ bucket, prefix })
})

it.each([
  's3:/bucket',
  's3://',
  's3://b',
  's3://Bucket/x',
  's3://bucket/ä',
  's3://bucket?x',
  's3://user:secret@bucket/x',
])('%s is no place, which is said without repeating it', async (location) => {
  expect(parseS3Location(location)).toBeNull()
  const opened = openBlobStore({ location, s3Endpoint: undefined, fsync: false })
  await expect(opened).rejects.toThrow(/^SWITCHYARD_BLOBS is no s3:\/\/bucket\/prefix$/)
})

it('says at once when there is no such bucket', async () => {
  const server = await startS3Server('bucket')
  process.env.AWS_ACCESS_KEY_ID = 'test'
  process.env.AWS_SECRET_ACCESS_KEY = 'test'
  await expect(openBlobStore({ location: 's3://another', s3Endpoint: server.url, fsync: false })).rejects.toThrow()
  await server.stop()
})
