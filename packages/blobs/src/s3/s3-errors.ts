import { S3ServiceException } from '@aws-sdk/client-s3'

/** There is no such object. A bucket that is missing is a fault, not an answer. */
export function isMissingObject(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound')
}

/** The upload has ended otherwise: there is nothing to abort any more. */
export function isMissingUpload(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchUpload'
}

/** The range begins behind the end of the object. */
export function isBeyondEnd(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416
}
