import { extractText, getDocumentProxy, renderPageAsImage } from 'unpdf'
import { image, type Part, type Reading, text } from './reading.ts'

/** Pages as images cost a model a thousand tokens each, and the request has its own bound. */
const MOST_IMAGES = 100
/** Of 72 dots per inch: enough to read small print. */
const SCALE = 2

/**
 * The text of a PDF page by page; a page without text (a scan) becomes an image of it. A page that has neither, because it can't be drawn
 * here, rejects the document: half a document would be answered as if it were whole.
 */
export async function readPdf(bytes: Buffer, name: string): Promise<Reading> {
  const rejected = (why: string): Reading => ({ kind: 'rejected', name, why })
  let pages: string[]
  try {
    pages = await pageTexts(bytes)
  } catch (error) {
    return rejected(`is a PDF that can't be read: ${(error as Error).message}`)
  }
  const images = pages.filter((page) => page.trim() === '').length
  if (images > MOST_IMAGES)
    return rejected(`has ${images} pages without text, more than the ${MOST_IMAGES} that are sent as images`)
  const parts: Part[] = []
  for (const [i, page] of pages.entries()) {
    try {
      parts.push(page.trim() === '' ? await pageImage(bytes, i + 1) : text(page))
    } catch (error) {
      return rejected(`has no text on page ${i + 1}, and an image of it can't be made: ${(error as Error).message}`)
    }
  }
  return { kind: 'document', name, parts }
}

async function pageTexts(bytes: Buffer): Promise<string[]> {
  const pdf = await getDocumentProxy(copy(bytes), { verbosity: 0 })
  try {
    return (await extractText(pdf)).text
  } finally {
    await pdf.loadingTask.destroy()
  }
}

async function pageImage(bytes: Buffer, page: number): Promise<Part> {
  // An optional dependency: it brings a compiled library, which is not there for every platform.
  const png = await renderPageAsImage(copy(bytes), page, {
    scale: SCALE,
    canvasImport: () => import('@napi-rs/canvas'),
  })
  return image(new Uint8Array(png), 'image/png')
}

/** The reader takes its bytes away. */
function copy(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes)
}
