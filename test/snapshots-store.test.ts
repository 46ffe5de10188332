import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type Random, randomFrom } from '../scripts/random.ts'
import { rowCount, textAt, textColumn } from '../src/leaderboard/text.ts'
import { packGroup, unpackGroup, unpackRow } from '../src/leagues/sheets/snapshots/group.ts'
import { openScores, openScoresReader } from '../src/leagues/sheets/snapshots/open.ts'
import {
  readColumns,
  readIds,
  readLabel,
  readNames,
  readRows,
  rowOfPlayer,
} from '../src/leagues/sheets/snapshots/read.ts'
import { type SheetColumns, SnapshotGone, snapshotOf } from '../src/leagues/sheets/snapshots/snapshot.ts'
import { deleteSnapshot, snapshotFaults, sweepStoredSnapshots } from '../src/leagues/sheets/snapshots/sweep.ts'
import { writeSnapshot } from '../src/leagues/sheets/snapshots/write.ts'
import { forSeeds } from './seeded.ts'

const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-snapshots-'))
const scores = openScores(folder)
const reader = openScoresReader(folder)
afterAll(() => {
  reader.close()
  scores.close()
  rmSync(folder, { recursive: true, force: true })
})

const spans = [1, 200, 255, 256, 60_000, 65_536, 1e7, 4e9, 1e12, 2 ** 47, 2 ** 52, 1e300]

function randomColumn({ next, pick, chance }: Random, rows: number): Float64Array {
  const [span, base] = [pick(spans), pick([0, -5, 1e12, -1e15])]
  const [unknown, fractions] = [pick([0, 0.2, 1]), chance(0.2)]
  return Float64Array.from({ length: rows }, () => {
    if (chance(unknown)) return Number.NaN
    if (chance(0.002)) return pick([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER])
    const value = base + next() * span
    return fractions ? value : Math.floor(value)
  })
}

function randomSheet(random: Random, players: number, metrics: number): SheetColumns {
  const ids = new Set<string>()
  while (ids.size < players) ids.add(`${random.pick(['', '0', 'p', 'é'])}${random.below(players * 20)}`)
  const names = Array.from(ids, () => random.pick(['', 'Ann', '𝓚𝓲𝓷𝓰', 'x'.repeat(random.below(400))]))
  return {
    ids: textColumn([...ids]),
    names: textColumn(names),
    metrics: Array.from({ length: metrics }, (_, i) => ({
      name: `m${i}`,
      cumulative: i % 2 === 0,
      values: randomColumn(random, players),
    })),
    labels: ['alliance', 'camp'].slice(0, metrics % 3).map(name => ({
      name,
      texts: textColumn(Array.from(ids, () => random.pick(['', 'ABC', '連盟']))),
    })),
  }
}

const inIdOrder = (sheet: SheetColumns) =>
  Array.from({ length: rowCount(sheet.ids) }, (_, row) => ({
    id: textAt(sheet.ids, row),
    name: textAt(sheet.names, row),
    labels: sheet.labels.map(({ texts }) => textAt(texts, row)),
    values: sheet.metrics.map(({ values }) => values[row]! + 0),
  })).sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))

test('a group unpacks to what was packed, all of it or one row', () => {
  forSeeds(300, random => {
    const rows = 1 + random.below(64)
    const columns = Array.from({ length: 1 + random.below(6) }, () => randomColumn(random, rows))
    const packed = packGroup(columns, 0, rows).slice()
    const all = columns.map(() => new Float64Array(rows))
    unpackGroup(packed, rows, columns.length, Array.from(columns.keys()), all, 0)
    const again = [new Float64Array(rows), new Float64Array(rows)]
    unpackGroup(packed, rows, columns.length, [0, 0], again, 0)
    expect(again.map(values => Array.from(values))).toEqual([0, 0].map(c => Array.from(columns[c]!)))
    expect(all.map(values => Array.from(values))).toEqual(columns.map(values => Array.from(values)))
    const row = random.below(rows)
    const rowValues = new Float64Array(columns.length)
    unpackRow(packed, rows, columns.length, row, rowValues, 0)
    expect(Array.from(rowValues)).toEqual(columns.map(values => values[row]!))
  })
})

test('a snapshot reads back as columns, as rows and by player', async () => {
  for (const [seed, players, metrics] of [
    [1, 0, 1],
    [2, 1, 3],
    [3, 700, 15],
    [4, 129, 200],
    [5, 3000, 1],
    [6, 256, 0],
  ] as const) {
    const random = randomFrom(seed)
    const sheet = randomSheet(random, players, metrics)
    const expected = inIdOrder(sheet)
    const snapshot = snapshotOf(reader, await writeSnapshot(scores, sheet, { now: 1 }))
    const [ids, names] = [readIds(reader, snapshot), readNames(reader, snapshot)]
    const labels = snapshot.labels.map(({ name }) => readLabel(reader, snapshot, name))
    const columns = readColumns(
      reader,
      snapshot,
      snapshot.metrics.map(({ name }) => name),
    )
    expect(
      expected.map((_, row) => ({
        id: textAt(ids, row),
        name: textAt(names, row),
        labels: labels.map(texts => textAt(texts, row)),
        values: columns.map(values => values[row]!),
      })),
    ).toEqual(expected)
    const wanted = Array.from({ length: Math.min(players, 20) }, () => random.below(players))
    const rows = readRows(reader, snapshot, [...wanted, -1])
    expect(rows.ids.slice(0, wanted.length)).toEqual(wanted.map(row => expected[row]!.id))
    expect(rows.names.slice(0, wanted.length)).toEqual(wanted.map(row => expected[row]!.name))
    expect(rows.labels.slice(0, wanted.length).map(Object.values)).toEqual(
      wanted.map(row => expected[row]!.labels.map(text => text || null)),
    )
    expect(Array.from(rows.values)).toEqual([
      ...wanted.flatMap(row => expected[row]!.values),
      ...sheet.metrics.map(() => Number.NaN),
    ])
    for (const row of wanted) expect(rowOfPlayer(reader, snapshot, expected[row]!.id)).toBe(row)
    for (const nobody of ['', '!', 'zzzz', '99999999']) {
      expect(rowOfPlayer(reader, snapshot, nobody)).toBe(expected.findIndex(({ id }) => id === nobody))
    }
    expect(snapshotFaults(scores, snapshot.id)).toEqual([])
  }
})

test('a metric the snapshot does not have reads as unknown', async () => {
  const snapshot = snapshotOf(scores, await writeSnapshot(scores, randomSheet(randomFrom(1), 3, 1), { now: 1 }))
  expect(readColumns(scores, snapshot, ['deads']).map(values => Array.from(values))).toEqual([[NaN, NaN, NaN]])
})

test('a label the snapshot does not have reads as unknown', async () => {
  const snapshot = snapshotOf(scores, await writeSnapshot(scores, randomSheet(randomFrom(1), 3, 3), { now: 1 }))
  expect(rowCount(readLabel(scores, snapshot, 'alliance'))).toBe(3)
  expect(textAt(readLabel(scores, snapshot, 'alliance'), 1)).toBe('')
})

test('scores of the schema before labels are brought up to date and read as they were', async () => {
  const dataDir = mkdtempSync(join(folder, 'older-'))
  const older = openScores(dataDir)
  const sheet = randomSheet(randomFrom(6), 300, 3)
  const id = await writeSnapshot(older, sheet, { now: 1 })
  older.run(`
    ALTER TABLE group_starts RENAME COLUMN group_number TO place;
    ALTER TABLE group_starts RENAME TO doors;
    ALTER TABLE snapshots RENAME COLUMN complete TO whole;
    DROP TABLE labels;
    ALTER TABLE snapshots DROP COLUMN labels;
    PRAGMA user_version = 1;
  `)
  older.close()
  const reopened = openScores(dataDir)
  const snapshot = snapshotOf(reopened, id)
  expect(snapshot.labels).toEqual([])
  expect(snapshotFaults(reopened, id)).toEqual([])
  expect(textAt(readIds(reopened, snapshot), 7)).toBe(textAt(sheet.ids, 7))
  reopened.close()
})

test('a sheet with an id twice is not stored', async () => {
  const twice = { ids: textColumn(['7', '8', '7']), names: textColumn(['a', 'b', 'c']), metrics: [], labels: [] }
  expect(await outcome(writeSnapshot(scores, twice, { now: 1 }))).toThrow('twice')
})

test('a stopped write leaves nothing behind', async () => {
  const rows = () => scores.query<{ n: number }, []>('SELECT count(*) AS n FROM groups').get()?.n
  const before = rows()
  const stop = new AbortController()
  const pause = async () => stop.abort(new Error('cancelled'))
  const writing = writeSnapshot(scores, randomSheet(randomFrom(2), 300, 15), { now: 1, pause, signal: stop.signal })
  expect(await outcome(writing)).toThrow('cancelled')
  await writing.catch(() => {})
  expect(rows()).toBe(before)
})

test('the sweep deletes snapshots that are old enough and unreferenced, and what was derived from them', async () => {
  const write = (now: number, startsFor?: string) =>
    writeSnapshot(scores, randomSheet(randomFrom(3), 500, 4), { now, startsFor })
  const [referenced, unreferenced, recent] = [await write(10), await write(10), await write(30)]
  const derived = [await write(10, `${referenced}`), await write(10, `${referenced},${unreferenced}`)]
  await sweepStoredSnapshots(scores, { keep: new Set([referenced]), before: 20 })
  const remaining = scores.query<{ id: number }, []>('SELECT id FROM snapshots ORDER BY id').all()
  expect(remaining.map(({ id }) => id)).toEqual([referenced, recent, derived[0]!])
  expect(() => snapshotOf(reader, unreferenced)).toThrow(SnapshotGone)
  expect(snapshotFaults(scores, referenced)).toEqual([])
  await deleteSnapshot(scores, recent)
  const next = await write(40)
  expect(next).toBeGreaterThan(derived[1]!)
})

test('a snapshot half written before a crash is never visible, and is swept', async () => {
  scores.run(`INSERT INTO snapshots (players, group_rows, metrics, id_bytes, name_bytes, created_at)
    VALUES (500, 128, '[]', 0, 0, 5)`)
  const id = scores.query<{ id: number }, []>('SELECT max(id) AS id FROM snapshots').get()!.id
  expect(() => snapshotOf(reader, id)).toThrow(SnapshotGone)
  await sweepStoredSnapshots(scores, { keep: new Set([id]), before: 6 })
  expect(scores.query('SELECT id FROM snapshots WHERE id = ?').get(id)).toBeNull()
})

test('killed at any moment of a write, the file is sound and shows only complete snapshots', async () => {
  const dataDir = mkdtempSync(join(folder, 'killed-'))
  const writer = `
    const { openScores } = await import(${JSON.stringify(join(import.meta.dir, '../src/leagues/sheets/snapshots/open.ts'))})
    const { writeSnapshot } = await import(${JSON.stringify(join(import.meta.dir, '../src/leagues/sheets/snapshots/write.ts'))})
    const { textColumn } = await import(${JSON.stringify(join(import.meta.dir, '../src/leaderboard/text.ts'))})
    const scores = openScores(${JSON.stringify(dataDir)})
    const ids = textColumn(Array.from({ length: 60_000 }, (_, i) => String(i)))
    const metrics = ['a', 'b'].map(name => ({ name, cumulative: true, values: new Float64Array(60_000).map((_, i) => i * 1.5) }))
    for (;;) console.log(await writeSnapshot(scores, { ids, names: ids, metrics, labels: [] }, { now: 1 }))`
  for (const atLeast of [1, 2, 4]) {
    const child = Bun.spawn([process.execPath, '-e', writer], { stdout: 'pipe', stderr: 'inherit' })
    let reported: number[] = []
    let text = ''
    for await (const piece of child.stdout) {
      text += new TextDecoder().decode(piece)
      reported = text.split('\n').slice(0, -1).map(Number)
      if (reported.length >= atLeast) break
    }
    child.kill('SIGKILL')
    await child.exited
    const reopened = openScores(dataDir)
    expect(reopened.query('PRAGMA integrity_check').values()).toEqual([['ok']])
    for (const id of reported) expect(snapshotFaults(reopened, id)).toEqual([])
    const complete = reopened.query<{ id: number }, []>('SELECT id FROM snapshots WHERE complete').all()
    for (const { id } of complete) expect(snapshotFaults(reopened, id)).toEqual([])
    await sweepStoredSnapshots(reopened, { keep: new Set(), before: 2 })
    expect(
      reopened
        .query(
          'SELECT (SELECT count(*) FROM groups) + (SELECT count(*) FROM texts) + (SELECT count(*) FROM labels) + (SELECT count(*) FROM group_starts)',
        )
        .values(),
    ).toEqual([[0]])
    reopened.close()
  }
}, 30_000)

test('damage is found and named', async () => {
  const id = await writeSnapshot(scores, randomSheet(randomFrom(4), 300, 15), { now: 1 })
  scores.query("UPDATE texts SET names = x'00' WHERE key = ?").run(id * 2 ** 24 + 1)
  scores.query('DELETE FROM groups WHERE key = ?').run(id * 2 ** 24 + 2)
  expect(snapshotFaults(scores, id)).toEqual([
    `Snapshot ${id}, rows 128 to 255: damaged`,
    `Snapshot ${id}, rows 256 to 299: missing`,
  ])
})
