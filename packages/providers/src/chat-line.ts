/** One data line of an `openai-chat` stream that we make ourselves; `content` as in `ChatSink`. */
export interface ChatLine {
  data: string
  content: boolean
}
