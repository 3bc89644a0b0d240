import { describe, expect, it } from 'vitest'
import { decodeFrames, encodeHead, entriesOf, type Frame } from './live-frame.ts'

const ROW: Frame = {
  jobId: 'job_1',
  fence: 3,
  seq: 6,
  count: 3,
  event: null,
  data: '{"n":4}\n\n{"n":"ünï 🎈"}',
  terminal: null,
  note: { start: { deployment: 'opus', simulated: true, dropped: ['seed'] } },
}
const END: Frame = {
  jobId: 'job_2',
  fence: 12,
  seq: 0,
  count: 1,
  event: 'job.completed',
  data: '{"status":"completed"}',
  terminal: 'completed',
  note: { body: '{"text":"é\\n"}\n' },
}
const BARE: Frame = { ...ROW, note: null, seq: 7, count: 1, data: '' }

function decode(message: string): Frame[] {
  const frames: Frame[] = []
  decodeFrames(message, (frame) => frames.push(frame))
  return frames
}

describe('a live message', () => {
  it('gives back every frame that was put in it, in order', () => {
    const frames = [ROW, END, BARE, END]
    expect(decode(frames.map((frame) => encodeHead(frame) + frame.data).join(''))).toEqual(frames)
  })

  it('numbers the lines of a frame from its last one back', () => {
    expect(entriesOf(ROW).map(({ seq, data }) => [seq, data])).toEqual([
      [4, '{"n":4}'],
      [5, ''],
      [6, '{"n":"ünï 🎈"}'],
    ])
    expect(entriesOf(END)).toEqual([
      { seq: 0, event: 'job.completed', data: '{"status":"completed"}', terminal: 'completed' },
    ])
  })
})
