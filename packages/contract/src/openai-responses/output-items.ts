import type {
  FunctionCallItem,
  ImageItem,
  ItemStatus,
  MessageItem,
  OutputItem,
  ReasoningItem,
} from './response-object.ts'

type Emit = (type: string, fields: object, content?: boolean) => void
type Fields = Record<string, unknown>

interface Open<Item> {
  index: number
  item: Item
}

/**
 * The output of one response as it grows. At most one of message and reasoning is open at a time; a call stays open until its
 * arguments are whole or the answer ends, because chat streams may mix the pieces of parallel calls.
 */
export class OutputItems {
  readonly output: OutputItem[] = []
  #slug: string
  #emit: Emit
  #message: Open<MessageItem> | null = null
  #reasoning: Open<ReasoningItem> | null = null
  #calls = new Map<number, Open<FunctionCallItem>>()
  #closedCalls = new Set<number>()
  /** Where the latest piece without an index belongs. */
  #lastCall = -1

  constructor(slug: string, emit: Emit) {
    this.#slug = slug
    this.#emit = emit
  }

  /** One delta of a chat chunk; `logprobs` as the choice has them. */
  delta(delta: Fields, logprobs: unknown): void {
    const reasoning = delta.reasoning_content ?? delta.reasoning
    if (typeof reasoning === 'string' && reasoning !== '') this.#think(reasoning)
    if (typeof delta.content === 'string' && delta.content !== '') this.#say(delta.content, logprobs)
    if (typeof delta.refusal === 'string' && delta.refusal !== '') this.#refuse(delta.refusal)
    if (Array.isArray(delta.images)) for (const image of delta.images) this.#show(image)
    if (Array.isArray(delta.tool_calls)) for (const piece of delta.tool_calls) if (isFields(piece)) this.#call(piece)
  }

  /** Closes what is open; `status` is that of the item that was being written. */
  close(status: ItemStatus): void {
    this.#closeReasoning(status)
    this.#closeMessage(status)
    for (const key of [...this.#calls.keys()]) this.#closeCall(key, status)
  }

  #add<Item extends OutputItem>(item: Item, content = false): Open<Item> {
    const index = this.output.push(item) - 1
    this.#emit('response.output_item.added', { output_index: index, item }, content)
    return { index, item }
  }

  #done({ index, item }: Open<OutputItem>, status: ItemStatus): void {
    item.status = status
    this.#emit('response.output_item.done', { output_index: index, item })
  }

  #id(prefix: string): string {
    return `${prefix}_${this.#slug}-${this.output.length}`
  }

  #think(delta: string): void {
    if (this.#reasoning === null) {
      this.#closeMessage('completed')
      const item: ReasoningItem = { id: this.#id('rs'), type: 'reasoning', status: 'in_progress', summary: [] }
      this.#reasoning = this.#add(item)
      const part = { type: 'summary_text' as const, text: '' }
      this.#emit('response.reasoning_summary_part.added', { ...at(this.#reasoning), summary_index: 0, part })
      item.summary.push(part)
    }
    this.#reasoning.item.summary[0]!.text += delta
    this.#emit('response.reasoning_summary_text.delta', { ...at(this.#reasoning), summary_index: 0, delta }, true)
  }

  #closeReasoning(status: ItemStatus): void {
    const open = this.#reasoning
    if (open === null) return
    this.#reasoning = null
    const part = open.item.summary[0]!
    this.#emit('response.reasoning_summary_text.done', { ...at(open), summary_index: 0, text: part.text })
    this.#emit('response.reasoning_summary_part.done', { ...at(open), summary_index: 0, part })
    this.#done(open, status)
  }

  #openMessage(): Open<MessageItem> {
    this.#closeReasoning('completed')
    this.#message ??= this.#add({
      id: this.#id('msg'),
      type: 'message',
      status: 'in_progress',
      role: 'assistant',
      content: [],
    })
    return this.#message
  }

  #say(delta: string, logprobs: unknown): void {
    const open = this.#openMessage()
    let part = open.item.content.at(-1)
    if (part?.type !== 'output_text') {
      this.#closePart(open)
      part = { type: 'output_text', text: '', annotations: [], logprobs: [] }
      this.#addPart(open, part)
    }
    const more = isFields(logprobs) && Array.isArray(logprobs.content) ? logprobs.content : []
    part.text += delta
    part.logprobs.push(...more)
    this.#emit(
      'response.output_text.delta',
      { ...at(open), content_index: open.item.content.length - 1, delta, logprobs: more },
      true,
    )
  }

  #refuse(delta: string): void {
    const open = this.#openMessage()
    let part = open.item.content.at(-1)
    if (part?.type !== 'refusal') {
      this.#closePart(open)
      part = { type: 'refusal', refusal: '' }
      this.#addPart(open, part)
    }
    part.refusal += delta
    this.#emit('response.refusal.delta', { ...at(open), content_index: open.item.content.length - 1, delta }, true)
  }

  #addPart(open: Open<MessageItem>, part: MessageItem['content'][number]): void {
    this.#emit('response.content_part.added', { ...at(open), content_index: open.item.content.length, part })
    open.item.content.push(part)
  }

  #closePart(open: Open<MessageItem>): void {
    const part = open.item.content.at(-1)
    if (part === undefined) return
    const place = { ...at(open), content_index: open.item.content.length - 1 }
    if (part.type === 'output_text') {
      this.#emit('response.output_text.done', { ...place, text: part.text, logprobs: part.logprobs })
    } else {
      this.#emit('response.refusal.done', { ...place, refusal: part.refusal })
    }
    this.#emit('response.content_part.done', { ...place, part })
  }

  #closeMessage(status: ItemStatus): void {
    const open = this.#message
    if (open === null) return
    this.#message = null
    this.#closePart(open)
    this.#done(open, status)
  }

  #call(piece: Fields): void {
    const given = isFields(piece.function) ? piece.function : {}
    const key = this.#keyOf(piece)
    let open = this.#calls.get(key)
    if (open === undefined) {
      // Its arguments were whole before.
      if (this.#closedCalls.has(key)) return
      this.#closeReasoning('completed')
      this.#closeMessage('completed')
      for (const [other, { item }] of [...this.#calls]) if (isWhole(item.arguments)) this.#closeCall(other, 'completed')
      const id = this.#id('fc')
      open = this.#add<FunctionCallItem>(
        {
          id,
          type: 'function_call',
          status: 'in_progress',
          call_id: typeof piece.id === 'string' && piece.id !== '' ? piece.id : id.replace(/^fc/, 'call'),
          name: typeof given.name === 'string' ? given.name : '',
          arguments: '',
        },
        true,
      )
      this.#calls.set(key, open)
      this.#lastCall = key
    }
    if (typeof given.arguments !== 'string' || given.arguments === '') return
    open.item.arguments += given.arguments
    this.#emit('response.function_call_arguments.delta', { ...at(open), delta: given.arguments }, true)
  }

  /** Servers that give no index start a new call with each new id. */
  #keyOf(piece: Fields): number {
    if (typeof piece.index === 'number') return piece.index
    const last = this.#calls.get(this.#lastCall)
    const isSame = last && (typeof piece.id !== 'string' || piece.id === last.item.call_id)
    return isSame ? this.#lastCall : this.#lastCall + 1
  }

  #closeCall(key: number, status: ItemStatus): void {
    const open = this.#calls.get(key)
    if (open === undefined) return
    this.#calls.delete(key)
    this.#closedCalls.add(key)
    const { name, arguments: args } = open.item
    this.#emit('response.function_call_arguments.done', { ...at(open), name, arguments: args })
    this.#done(open, status)
  }

  /** Models that draw answer with data URLs; a picture comes whole. */
  #show(image: unknown): void {
    const url = isFields(image) && isFields(image.image_url) ? image.image_url.url : null
    const result = typeof url === 'string' ? /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1] : undefined
    if (result === undefined) return
    this.#closeReasoning('completed')
    this.#closeMessage('completed')
    const item: ImageItem = { id: this.#id('ig'), type: 'image_generation_call', status: 'in_progress', result: null }
    const open = this.#add(item, true)
    item.result = result
    this.#done(open, 'completed')
  }
}

function at(open: Open<OutputItem>): { item_id: string; output_index: number } {
  return { item_id: open.item.id, output_index: open.index }
}

function isWhole(json: string): boolean {
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
