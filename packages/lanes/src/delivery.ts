/** One BullMQ message for a job. Deliveries of a job are numbered; a consumer drops all but the newest (design.md §3). */
export interface Delivery {
  jobId: string
  /** 1, 2, 3 … within the job. */
  delivery: number
}

/**
 * The BullMQ id of a delivery, `<jobId>.<delivery>`. It says all there is to say, so a message carries no data, and one
 * whose hash was half deleted can still be handled.
 */
export function deliveryId({ jobId, delivery }: Delivery): string {
  return `${jobId}.${delivery}`
}

/** The delivery that a BullMQ id names; null for an id that is none of ours. */
export function parseDeliveryId(id: string): Delivery | null {
  const dot = id.lastIndexOf('.')
  const number = id.slice(dot + 1)
  if (dot < 1 || !/^\d{1,15}$/.test(number)) return null
  return { jobId: id.slice(0, dot), delivery: Number(number) }
}
