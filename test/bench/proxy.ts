// The plain reverse proxy beside which the gateways are measured: Fastify in front, undici behind, nothing between.
// node proxy.ts <origin>
import Fastify from 'fastify'
import { Pool } from 'undici'
import { SIMULATOR_PATH } from './variant.ts'

const [origin = ''] = process.argv.slice(2)
const upstream = new Pool(origin)
const app = Fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post<{ Body: Buffer }>('/v1/chat/completions', async (request, reply) => {
  const { authorization = '', 'content-type': type = '' } = request.headers
  const answer = await upstream.request({
    path: SIMULATOR_PATH,
    method: 'POST',
    headers: { authorization, 'content-type': type },
    body: request.body,
  })
  const {
    connection: _connection,
    'keep-alive': _keepAlive,
    'transfer-encoding': _encoding,
    ...headers
  } = answer.headers
  return reply.code(answer.statusCode).headers(headers).send(answer.body)
})
process.stdout.write(`proxy ready ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
