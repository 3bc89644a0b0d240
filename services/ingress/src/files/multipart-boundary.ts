import { BrokerError } from '@switchyard/contract/broker-error'

/** RFC 2046 §5.1.1: 1 to 70 characters of these, the last no space. */
const FORM =
  /^multipart\/form-data *; *boundary=(?:"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]"|[0-9A-Za-z'+_.-]{1,70}) *$/i

/** Throws `unsupported_media_type` for what is no form, `invalid_multipart` for a form without a proper boundary. */
export function checkMultipartType(type: string | undefined): void {
  if (type === undefined || !/^multipart\/form-data(?:[ ;]|$)/i.test(type)) {
    throw new BrokerError('unsupported_media_type', 'The body must be sent as content-type: multipart/form-data.')
  }
  if (!FORM.test(type)) {
    throw new BrokerError(
      'invalid_multipart',
      'The content-type must have a boundary of 1 to 70 characters, and nothing else.',
    )
  }
}
