import { unknownParameter } from './request-problem.ts'

/**
 * Names by which other gateways let a request choose where it is sent, as whom, or what rides along. Unknown parameters pass
 * on to providers of the same dialect, these never do: the operator's catalog alone decides all of that.
 */
const REFUSED = new Set([
  'api_base',
  'api_key',
  'api_type',
  'api_version',
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'azure_ad_token',
  'base_url',
  'custom_llm_provider',
  'default_headers',
  'extra_body',
  'extra_headers',
  'extra_query',
  'headers',
  'litellm_credential_name',
  'litellm_params',
  'mock_response',
  'model_info',
  'model_list',
  'organization',
  'proxy',
  'user_config',
  'vertex_credentials',
])

/** Throws `unknown_parameter` for the first of those names in the body. */
export function refuseParameters(body: object): void {
  for (const name in body) if (REFUSED.has(name)) throw unknownParameter([name])
}
