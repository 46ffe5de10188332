const SHARED = 1 << 15 // rows

/** Large columns lie where other threads can use them without a copy. */
export const columnMemory = (rows: number, bytes: number): ArrayBufferLike =>
  rows >= SHARED ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
