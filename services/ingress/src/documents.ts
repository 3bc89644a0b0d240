import { batchObject } from '@switchyard/batches/batch-object'
import { fileObject } from '@switchyard/batches/files/file-object'
import { UPLOAD_PURPOSES } from '@switchyard/batches/files/file-record'
import { errorObject, jobObject } from '@switchyard/contract/job-object'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import { responsesRequest } from '@switchyard/contract/openai-responses/request'
import { z } from 'zod'
import { batchRequest } from './batches/read-batch-request.ts'
import { deletedFile } from './endpoints/delete-file.ts'
import { deletedResponse } from './endpoints/delete-response.ts'
import { explainedRoute } from './endpoints/explain-route.ts'
import { batchList, batchListQuery } from './endpoints/list-batches.ts'
import { fileList, fileListQuery } from './endpoints/list-files.ts'
import { inputItemList, inputItemQuery } from './endpoints/list-input-items.ts'
import { jobList, jobListQuery } from './endpoints/list-jobs.ts'
import { modelList, modelObject } from './endpoints/list-models.ts'

/** Names under which schemas stand in the OpenAPI document. */
export const documentSchemas = z.registry<{ id: string }>()

const errorBody = z.object({ error: errorObject })
const chatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(z.looseObject({})),
  })
  .describe("OpenAI's chat completion object")
const responseObject = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.int(),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    model: z.string(),
    output: z.array(z.looseObject({ type: z.string() })),
  })
  .describe("OpenAI's response object")
const eventStream = z.string().describe('Server-sent events, each with an id; comments keep the connection alive')

documentSchemas.add(chatRequest, { id: 'ChatCompletionRequest' })
documentSchemas.add(chatCompletion, { id: 'ChatCompletion' })
documentSchemas.add(responsesRequest, { id: 'ResponsesRequest' })
documentSchemas.add(responseObject, { id: 'Response' })
documentSchemas.add(inputItemList, { id: 'ResponseItemList' })
documentSchemas.add(errorBody, { id: 'Error' })
documentSchemas.add(jobObject, { id: 'Job' })
documentSchemas.add(explainedRoute, { id: 'ExplainedRoute' })
documentSchemas.add(jobList, { id: 'JobList' })
documentSchemas.add(batchObject, { id: 'Batch' })
documentSchemas.add(batchList, { id: 'BatchList' })
documentSchemas.add(fileObject, { id: 'File' })
documentSchemas.add(fileList, { id: 'FileList' })
documentSchemas.add(modelObject, { id: 'Model' })
documentSchemas.add(modelList, { id: 'ModelList' })

/** What every route may answer instead. */
export const failures = { '4xx': errorBody, '5xx': errorBody }
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .max(255)
    .optional()
    .describe('A repeat within 24 h gets what the first made, with `idempotency-replayed: true`'),
})
const inferenceHeaders = idempotencyHeaders.extend({
  prefer: z.string().optional().describe('`respond-async`, or `wait=N` seconds'),
})
const jobId = z.object({ job_id: z.string() })
const batchId = z.object({ batch_id: z.string() })
const fileId = z.object({ file_id: z.string() })
const fileForm = z.object({
  file: z.string().meta({ format: 'binary' }),
  purpose: z.enum(UPLOAD_PURPOSES),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.int().min(3_600).max(2_592_000).optional(),
})
const bytes = { 'application/octet-stream': z.string().meta({ format: 'binary' }) }
const ofBatch = { tags: ['batches'], params: batchId, response: { 200: batchObject, ...failures } }
const responseId = z.object({ response_id: z.string() })
const probe = {
  tags: ['health'],
  security: [],
  response: { 200: z.object({ status: z.literal('ok') }), 503: errorBody },
}

/** A response of one status in several content types. */
export function content(description: string, types: Record<string, z.ZodType>) {
  return {
    description,
    content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])),
  }
}

/** What the OpenAPI document says of each route. The zod schemas here are words only: bodies are checked by read-chat-request.ts. */
export const documents = {
  createChatCompletion: {
    summary: 'Create a chat completion',
    description:
      'Every request is a job. Waits for the answer, streams it (`stream: true`), or answers 202 with the job (`Prefer: respond-async`, `Prefer: wait=N`). With `switchyard.cache: exact`, `x-switchyard-cache` says `miss`, `shared` or `hit`.',
    tags: ['inference'],
    headers: inferenceHeaders,
    body: chatRequest,
    response: {
      200: content('The answer', { 'application/json': chatCompletion, 'text/event-stream': eventStream }),
      202: jobObject,
      ...failures,
    },
  },
  createResponse: {
    summary: 'Create a response',
    description:
      'Every response is a job: `resp_…` and `job_…` share their id. Waits for it, streams it (`stream: true`), or answers at once with the queued response (`background: true`) or the job (`Prefer: respond-async`).',
    tags: ['responses'],
    headers: inferenceHeaders,
    body: responsesRequest,
    response: {
      200: content('The response', { 'application/json': responseObject, 'text/event-stream': eventStream }),
      202: jobObject,
      ...failures,
    },
  },
  explainRoute: {
    summary: 'Explain where a request would go',
    description:
      'Takes the body of a chat completion or a response and plans it without running it: what would be tried, in which order, why, and what is expected of it.',
    tags: ['inference'],
    headers: z.object({ prefer: inferenceHeaders.shape.prefer }),
    body: z.union([chatRequest, responsesRequest]),
    response: { 200: explainedRoute, ...failures },
  },
  getResponse: {
    summary: 'Get a stored response',
    description: 'As it is now, or with `stream=true` its events from the one after `starting_after` on.',
    tags: ['responses'],
    params: responseId,
    querystring: z.object({
      stream: z.enum(['true', 'false']).optional(),
      starting_after: z.string().optional().describe('Number of the last event seen'),
      include: z.array(z.string()).optional(),
    }),
    response: {
      200: content('The response', { 'application/json': responseObject, 'text/event-stream': eventStream }),
      ...failures,
    },
  },
  cancelResponse: {
    summary: 'Cancel a background response',
    tags: ['responses'],
    params: responseId,
    response: { 200: responseObject, ...failures },
  },
  deleteResponse: {
    summary: 'Delete a response',
    tags: ['responses'],
    params: responseId,
    response: { 200: deletedResponse, ...failures },
  },
  listInputItems: {
    summary: 'List the input items of a response',
    tags: ['responses'],
    params: responseId,
    querystring: inputItemQuery,
    response: { 200: inputItemList, ...failures },
  },
  listModels: { summary: 'List models', tags: ['models'], response: { 200: modelList, ...failures } },
  getModel: {
    summary: 'Get a model',
    tags: ['models'],
    params: z.object({ model: z.string() }),
    response: { 200: modelObject, ...failures },
  },
  listJobs: {
    summary: 'List jobs',
    tags: ['jobs'],
    querystring: jobListQuery,
    response: { 200: jobList, ...failures },
  },
  getJob: { summary: 'Get a job', tags: ['jobs'], params: jobId, response: { 200: jobObject, ...failures } },
  getJobResult: {
    summary: 'Get the result of a job',
    description: 'The exact status and body that a waiting client would have had; 409 `job_not_finished` before that.',
    tags: ['jobs'],
    params: jobId,
    response: { 200: chatCompletion, ...failures },
  },
  getJobEvents: {
    summary: 'Follow the events of a job',
    description: 'From the event after `Last-Event-ID` or `starting_after` on. 204 when the log has ended there.',
    tags: ['jobs'],
    params: jobId,
    querystring: z.object({ starting_after: z.string().optional().describe('Number of the last event seen') }),
    headers: z.object({ 'last-event-id': z.string().optional().describe('The same; wins over the query') }),
    response: { 200: content('The events', { 'text/event-stream': eventStream }), ...failures },
  },
  cancelJob: { summary: 'Cancel a job', tags: ['jobs'], params: jobId, response: { 200: jobObject, ...failures } },
  createFile: {
    summary: 'Upload a file',
    description:
      'At most 512 MiB, for batches 200 MiB, which are kept for 30 days unless `expires_after` says otherwise.',
    tags: ['files'],
    consumes: ['multipart/form-data'],
    headers: idempotencyHeaders,
    body: fileForm,
    response: { 200: fileObject, ...failures },
  },
  listFiles: {
    summary: 'List files',
    tags: ['files'],
    querystring: fileListQuery,
    response: { 200: fileList, ...failures },
  },
  getFile: { summary: 'Get a file', tags: ['files'], params: fileId, response: { 200: fileObject, ...failures } },
  getFileContent: {
    summary: 'Get the content of a file',
    tags: ['files'],
    params: fileId,
    headers: z.object({ range: z.string().optional().describe('One range, `bytes=0-99`') }),
    response: { 200: content('The content', bytes), 206: content('A part of it', bytes), ...failures },
  },
  deleteFile: {
    summary: 'Delete a file',
    tags: ['files'],
    params: fileId,
    response: { 200: deletedFile, ...failures },
  },
  createBatch: {
    summary: 'Create a batch',
    description: 'Runs every line of a file as a request to `endpoint`, within `completion_window` (15m to 7d).',
    tags: ['batches'],
    headers: idempotencyHeaders,
    body: batchRequest,
    response: { 200: batchObject, ...failures },
  },
  listBatches: {
    summary: 'List batches',
    tags: ['batches'],
    querystring: batchListQuery,
    response: { 200: batchList, ...failures },
  },
  getBatch: { summary: 'Get a batch', ...ofBatch },
  cancelBatch: { summary: 'Cancel a batch', description: 'What has finished is kept.', ...ofBatch },
  pauseBatch: { summary: 'Pause a batch', description: 'Lines that run are finished; time goes on.', ...ofBatch },
  resumeBatch: { summary: 'Resume a paused batch', ...ofBatch },
  retryFailedLines: {
    summary: 'Run the failed lines of a batch again',
    description: 'In place: a completed batch runs again, and its new files leave out the errors made good.',
    ...ofBatch,
  },
  getBatchOutput: {
    summary: 'Follow the finished lines of a batch',
    description:
      'Rows in the order in which lines finish, from the one after `after` on. As JSONL, `x-switchyard-cursor` being the next `after`; or as events, live until the batch has ended.',
    tags: ['batches'],
    params: batchId,
    querystring: z.object({ after: z.string().optional().describe('Number of the last row seen') }),
    headers: z.object({ 'last-event-id': z.string().optional().describe('The same, for events') }),
    response: {
      200: content('The rows', { 'application/jsonl': z.string(), 'text/event-stream': eventStream }),
      ...failures,
    },
  },
  healthz: { summary: 'The process answers', ...probe },
  readyz: { summary: 'A request would be served', ...probe },
}
