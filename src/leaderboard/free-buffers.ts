/** Frees memory at once; nobody may read it again. The garbage collector counts little more than the headers of large buffers. */
export function freeBuffers(...views: { buffer: ArrayBufferLike }[]): void {
  for (const { buffer } of views) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}
