/** Frees the memory of a piece of a stream at once, unless it is a part of memory that other pieces use too. Nobody may read it again. */
export function freePiece({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && length === buffer.byteLength) buffer.transfer(0)
}
