/**
 * A file that one thread writes while another reads it. The writer signals each growth and the end.
 *
 * The newest megabytes may also lie in memory that both share, in blocks: so the reader need not read them from the file, and the writer
 * can write them past the system's cache. Before it fills a block anew, it waits until the one in its place is read.
 */
export type Growth = { counts: Int32Array<SharedArrayBuffer>; blocks?: SharedBlocks }
type SharedBlocks = Uint8Array<SharedArrayBuffer>

const STATE = 0
const FILLED = 1 // how many blocks the writer has filled
const READ = 2 // how many of them the reader has read

const COMPLETE = -1
const UNWANTED = -2
const NO_READER = 2 ** 31 - 1 // as if it had read them all

export const BLOCK_BYTES = 1 << 20
const BLOCKS = 4

export const newGrowth = (): Growth => ({ counts: new Int32Array(new SharedArrayBuffer(12)) })

export function signalGrowth(growth: Growth): void {
  const state = growthState(growth)
  if (!isUnwanted(state)) setCount(growth, STATE, Math.max(0, state + 1))
}
export const signalComplete = (growth: Growth) => setCount(growth, STATE, COMPLETE)
/** The file is not wanted any more: its reader stops. */
export const signalUnwanted = (growth: Growth) => setCount(growth, STATE, UNWANTED)
/** Nobody reads the blocks, or not any more: the writer need not wait. */
export const signalNoReader = (growth: Growth) => setCount(growth, READ, NO_READER)

function setCount({ counts }: Growth, count: number, value: number): void {
  Atomics.store(counts, count, value)
  Atomics.notify(counts, count)
}

/** Take it before reading, so that no growth in between is missed. */
export const growthState = ({ counts }: Growth): number => Atomics.load(counts, STATE)
export const isComplete = (state: number): boolean => state === COMPLETE
export const isUnwanted = (state: number): boolean => state === UNWANTED

/** Resolves once the state differs from `state`, or after `timeoutMs`. */
export async function nextGrowth({ counts }: Growth, state: number, timeoutMs: number): Promise<void> {
  await Atomics.waitAsync(counts, STATE, state, timeoutMs).value
}

/** Those of `last`, a file that is written, if nobody reads them any more: only the garbage collector could free them. */
const blocksAfter = (last: Growth | undefined): SharedBlocks =>
  last?.blocks && Atomics.load(last.counts, READ) === NO_READER
    ? last.blocks
    : new Uint8Array(new SharedArrayBuffer(BLOCKS * BLOCK_BYTES))

function blockAt(blocks: SharedBlocks, number: number): SharedBlocks {
  const first = (number % BLOCKS) * BLOCK_BYTES
  return blocks.subarray(first, first + BLOCK_BYTES)
}

/**
 * The chunks of a file, copied into blocks, those of `last` if they are free: yields each block once it is full, and the rest at the
 * end. Three blocks later it may be written over, so it has to be in the file by then.
 */
export async function* inBlocks(
  chunks: AsyncIterable<Uint8Array>,
  growth: Growth,
  last?: Growth,
): AsyncGenerator<Uint8Array> {
  const blocks = blocksAfter(last)
  growth.blocks = blocks
  let number = 0
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0, bytes = 0; at < chunk.length; at += bytes) {
      if (filled === 0) await untilRead(growth, number + 1 - BLOCKS)
      const block = blockAt(blocks, number)
      bytes = Math.min(BLOCK_BYTES - filled, chunk.length - at)
      block.set(chunk.subarray(at, at + bytes), filled)
      filled += bytes
      if (filled < BLOCK_BYTES) continue
      filled = 0
      setCount(growth, FILLED, ++number)
      signalGrowth(growth)
      yield block
    }
  }
  if (filled > 0) yield blockAt(blocks, number).subarray(0, filled)
}

const readTimeoutMs = 10_000 // after that the count is checked again

async function untilRead({ counts }: Growth, blocks: number): Promise<void> {
  for (let read = Atomics.load(counts, READ); read < blocks; read = Atomics.load(counts, READ))
    await Atomics.waitAsync(counts, READ, read, readTimeoutMs).value
}

/** Reads from the block in which byte `at` of the file lies, and returns how many bytes: 0 without that block. Those before it count as read. */
export function readBlock(growth: Growth, into: Uint8Array, at: number): number {
  if (!growth.blocks) return 0
  const number = Math.floor(at / BLOCK_BYTES)
  const from = at % BLOCK_BYTES
  const read = Atomics.load(growth.counts, READ)
  if (number > read) setCount(growth, READ, number)
  if (number < read || number >= Atomics.load(growth.counts, FILLED)) return 0
  const bytes = blockAt(growth.blocks, number).subarray(from, from + into.length)
  into.set(bytes)
  return bytes.length
}
