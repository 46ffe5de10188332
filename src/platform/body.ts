import { Refusal } from '../errors.ts'

export class TooLarge extends Error {
  constructor(readonly limit: number) {
    super(`The body is larger than ${limit} bytes`)
  }
}

/** Reads the whole body into memory; throws `TooLarge` as soon as it is longer than `maxBytes`. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > maxBytes) throw new TooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof TooLarge ? error : new Refusal('bad_request', 'The body was cut off before its end')
  }
  return new Uint8Array(Buffer.concat(chunks))
}
