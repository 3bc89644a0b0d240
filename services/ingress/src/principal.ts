/** Who calls: the project that pays, the id of the key (never the key), and what the key may do. */
export interface Principal {
  project: string
  apiKey: string
  scopes: readonly string[]
}
