/** The socket of a `unix:` URL, the only kind that start-redis.ts gives. */
export function redisPath(url = ''): string {
  return decodeURIComponent(new URL(url).pathname)
}
