/** Where in a generated value we are: the property's name, the position in the nearest array, how deep. */
export interface SchemaPlace {
  name: string
  index: number
  depth: number
}
