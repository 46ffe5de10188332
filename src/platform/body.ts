import { Refusal } from '../errors.ts'

export class TooLarge extends Error {
  constructor(readonly limit: number) {
    super(`The body is larger than ${limit} bytes`)
  }
}

/** The whole body in memory; of one that is longer than `most` bytes no more is read. */
export async function readBody(request: Request, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > most) throw new TooLarge(most)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof TooLarge ? error : new Refusal('bad_request', 'The body was cut off before its end')
  }
  return new Uint8Array(Buffer.concat(chunks))
}
