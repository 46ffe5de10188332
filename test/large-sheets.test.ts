import { afterAll, expect, test } from 'bun:test'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type ArrivingSheet, arrivingSheet } from '../src/leagues/sheets/arriving-sheet.ts'
import type { ImportInput, ImportProgress } from '../src/leagues/sheets/import-sheet.ts'
import { readSheet, type Sheet } from '../src/leagues/sheets/reading/sheet.ts'
import { startSheetThread } from '../src/leagues/sheets/sheet-thread.ts'
import { writeTempFile } from '../src/leagues/sheets/temp-file.ts'
import {
  BLOCK_BYTES,
  inBlocks,
  newGrowth,
  signalComplete,
  signalGrowth,
  signalUnwanted,
} from '../src/platform/files/growth.ts'
import type { AskOptions } from '../src/platform/process/threads.ts'
import { growingSource } from '../src/platform/spreadsheets/source.ts'

const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-ahead-'))
const thread = startSheetThread(folder)
afterAll(async () => {
  await thread.stop()
  rmSync(folder, { recursive: true, force: true })
})

const csv = `id,name,power,remark\n${Array.from({ length: 5_000 }, (_, i) => `${i},"Player ${i}",${i * 3},${'.'.repeat(230)}`).join('\n')}\n`

const importFile = (
  path: string,
  { options = { filename: 'scan.csv' }, published = [] }: Partial<ImportInput> = {},
  asking?: AskOptions,
) =>
  thread.run(
    'import',
    {
      path,
      options,
      kind: 'current',
      date: { takenAt: 1_000 + published.length, takenFrom: 'given' },
      published,
      config: {},
      dryRun: false,
    },
    asking,
  )

async function* inChunks(text: string) {
  const bytes = 100_000
  for (let at = 0; at < text.length; at += bytes) yield Buffer.from(text.slice(at, at + bytes))
}

/** A sheet of which the first block is written, and read. */
async function partlyWritten(name: string): Promise<{ path: string; sheet: ArrivingSheet; rest(): Promise<void> }> {
  const path = join(folder, name)
  const sheet = arrivingSheet(thread, name, csv.length)
  const chunks = sheet.read(inChunks(csv), path)
  const writeNext = async () => {
    const { value, done } = await chunks.next()
    if (value) appendFileSync(path, value)
    return !done
  }
  writeFileSync(path, '')
  await writeNext()
  await thread.run('sweep', { keep: new Set(), before: 0 }) // by now the thread has started it
  return {
    path,
    sheet,
    async rest() {
      while (await writeNext());
    },
  }
}

test('a file that grows while it is read is read to its end', async () => {
  const path = join(folder, 'growing.csv')
  const growth = newGrowth()
  writeFileSync(path, csv.slice(0, 50))
  const reading = readSheet(growingSource(path, csv.length, growth))
  for (let at = 50; at < csv.length; at += 40_000) {
    appendFileSync(path, csv.slice(at, at + 40_000))
    signalGrowth(growth)
    await Bun.sleep(0)
  }
  signalComplete(growth)
  const { lines, ...sheet } = await reading
  const { lines: _, ...atOnce } = await readSheet(path)
  expect(sheet).toEqual(atOnce)
  expect(lines.length).toBe(5_000)
})

test('blocks that writer and reader share are read from memory, however many there are', async () => {
  const path = join(folder, 'blocks.csv')
  const large = csv.replaceAll(',.', `,${'.'.repeat(1_000)}`)
  const growth = newGrowth()
  writeFileSync(path, '')
  let reading: Promise<Sheet> | undefined
  for await (const block of inBlocks(inChunks(large), growth)) {
    reading ??= readSheet(growingSource(path, large.length, growth))
    if (block.length < BLOCK_BYTES)
      writeFileSync(path, `${'-'.repeat(large.length - block.length)}${Buffer.from(block)}`)
  }
  signalComplete(growth)
  const { lines, ...sheet } = await reading!
  const { lines: _, ...atOnce } = await readSheet(Buffer.from(large))
  expect(sheet).toEqual(atOnce)
})

test('blocks that the disk cannot take past the cache of the system are written as usual', async () => {
  const path = join(folder, 'unaligned')
  const shared = new Uint8Array(new SharedArrayBuffer(2 * BLOCK_BYTES)).map((_, i) => i % 251).subarray(1)
  const blocks = [shared.subarray(0, BLOCK_BYTES), shared.subarray(BLOCK_BYTES)]
  await (await writeTempFile(blocks, path)).syncAndClose()
  expect(Buffer.compare(readFileSync(path), shared)).toBe(0)
})

test('a sheet that was read while it came in is not read again', async () => {
  const { path, sheet, rest } = await partlyWritten('a')
  await rest()
  sheet.arrived(path)
  const importing = importFile(path)
  rmSync(path)
  expect((await importing).report).toMatchObject({ rowsTotal: 5_000, rowsBad: 0, format: 'csv' })
})

test('of sheets that arrive at once one is read from memory: the others take none for it', async () => {
  const { sheet, rest } = await partlyWritten('in-blocks')
  const other = arrivingSheet(thread, 'other', csv.length).read(inChunks(csv), join(folder, 'other'))
  const { value } = await other.next()
  expect(value?.buffer).not.toBeInstanceOf(SharedArrayBuffer)
  sheet.cancel()
  await rest()
})

test('a sheet that is not wanted is forgotten, also in the midst of being read', async () => {
  const { path, sheet, rest } = await partlyWritten('b')
  sheet.cancel()
  await rest()
  expect((await importFile(path)).report.rowsTotal).toBe(5_000)
})

test('a sheet with a mapping, or one that was refused ahead, is read by its import', async () => {
  const { path, sheet, rest } = await partlyWritten('c')
  await rest()
  sheet.arrived(path)
  const mapping = { id: 'id', power: 'strength' }
  expect((await importFile(path, { options: { filename: 'scan.csv', mapping } })).report.mapping).toMatchObject({
    power: 'strength',
  })
  sheet.cancel()
  const bare = join(folder, 'd')
  writeFileSync(bare, 'id,power\n')
  const refused = arrivingSheet(thread, 'd', 9)
  refused.arrived(bare)
  expect(await outcome(importFile(bare))).toThrow('No rows below the headings')
})

test('a reader of a file that is gone stops', async () => {
  const path = join(folder, 'e')
  const growth = newGrowth()
  writeFileSync(path, csv.slice(0, 100))
  const reading = outcome(readSheet(growingSource(path, csv.length, growth)))
  signalUnwanted(growth)
  expect(await reading).toThrow('not wanted')
})

const manyPlayers = 70_000 // rows: more than are stored at once

/** Players in no order, from `first` on. */
function manyRows(file: string, first: number, cellsOf: (player: number) => (string | number)[]): string {
  const path = join(folder, file)
  const players = Array.from({ length: manyPlayers }, (_, i) => ((i * 7_919) % manyPlayers) + first)
  writeFileSync(path, `id,name,power,deads\n${players.map(id => `${id},${cellsOf(id).join(',')}`).join('\n')}\n`)
  return path
}

test('a large sheet is stored, and compared with the one before, while it is scored', async () => {
  const first = await importFile(
    manyRows('first', 100_000, id => [`Player ${id}`, id, 10]),
    {},
  )
  const published = [{ snapshot: first.snapshot!, kind: 'current' as const, takenAt: 1_000 }]
  const path = manyRows('second', 100_001, id => [
    `Player ${id === 100_007 ? 'of another name' : id}`,
    2 * id + (id % 2),
    id % 4 === 0 ? 9 : 11,
  ])
  const { snapshot, board, summary, doubts } = await importFile(path, { published })
  expect(summary).toMatchObject({
    players: manyPlayers,
    new: 1,
    missing: 1,
    renamed: 1,
    suspicious: manyPlayers / 4 - 1,
  })
  expect(doubts).toMatchObject([{ reason: 'went_down', count: manyPlayers / 4 - 1, of: manyPlayers - 1 }])
  expect(await thread.run('faults', snapshot!)).toEqual([])
  const stored = await thread.run('column', { snapshot: snapshot!, metric: 'power', order: 'desc' })
  expect(Array.from(stored.values.subarray(0, 3))).toEqual([200_003, 200_004, 200_007])
  expect(stored.order[0]).toBe(manyPlayers - 1)
  expect(Array.from(board!.scored.ranking.values.subarray(0, 3))).toEqual([100_002, 100_002, 100_004])

  const stop = new AbortController()
  const progress = ({ stage }: ImportProgress) => stage === 'storing' && stop.abort(new Error('stopped'))
  const end = await importFile(path, { published }, { signal: stop.signal, progress }).then(
    ({ summary }) => summary.players,
    error => error.message,
  )
  expect(['stopped', manyPlayers]).toContain(end) // a cancel may come too late
  expect((await importFile(path, { published })).summary.players).toBe(manyPlayers)
})
