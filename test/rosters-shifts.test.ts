import { expect, test } from 'bun:test'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { readTable } from '../src/platform/spreadsheets/read-table.ts'
import { otherShiftHeadings, parseShifts, shiftColumns } from '../src/rota/import-shifts.ts'
import { copyShifts, shiftsFromPattern } from '../src/rota/make-shifts.ts'
import { shiftDefaults } from '../src/rota/shift.ts'
import { auditedActions, base, createPerson, newVenue } from './rosters.ts'
import { refusalOf, start } from './start.ts'

const berlin = () => 'Europe/Berlin'
const shift = { ...shiftDefaults, site_id: 1, skill: 'bar', certification: null, headcount: 2 }

/** As the clock in Berlin shows it. */
const localTime = (instant: string) =>
  Temporal.Instant.from(instant).toZonedDateTimeISO('Europe/Berlin').toPlainDateTime().toString()

test('invalid or reversed days are refused, not corrected', async () => {
  const { call } = await start()
  const errors = async (query: string) => (await refusalOf(call.get(`${base}/shifts?${query}`))).problem.errors
  expect(await errors('start=2026-02-30')).toEqual([
    { path: 'start', message: 'Write a date such as 2026-03-30, from 1970 to 2100.' },
  ])
  expect(await errors('start=2026-03-02&end=2026-03-01')).toEqual([
    { path: 'end', message: 'The end must not be before the start.' },
  ])
})

test('the shifts of a list are deleted at once if their number is confirmed', async () => {
  const { call, shift_ids, staff, site } = await newVenue(['Ann'])
  const night = { weekdays: [1], from: '22:00', to: '02:00' }
  const days = { start_date: '2026-04-06', end_date: '2026-04-12' }
  for (const needs of [{ skill: 'nigth' }, { skill: 'bar', skills: ['nigth'] }])
    await call.post(`${base}/shifts/pattern`, { site_id: site.id, ...days, ...night, ...needs })
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: staff[0].id })
  const listed = async (query: string) => (await call.get(`${base}/shifts?${query}`)).pagination.total
  const erase = (query: string) => call.delete(`${base}/shifts?${query}`)
  expect(await listed('skill=nigth')).toBe(2)
  await createPerson(call, 'Cy', { active: false, certifications: [{ name: 'outdated', expires_on: '2027-01-01' }] })
  const page = await call.get('/rota/shifts?start=&skill=nigth')
  expect(page).toContain('Delete these 2 shifts')
  expect(page).not.toContain('outdated')
  for (const wrong of ['skill=nigth', 'skill=nigth&confirm=9'])
    expect((await refusalOf(erase(wrong))).problem).toMatchObject({
      detail: 'These are 2 shifts; send confirm=2',
      shifts: 2,
    })
  expect(await erase('skill=nigth&confirm=2')).toEqual({ deleted: 2 })
  expect([await listed('skill=nigth'), await listed('')]).toEqual([0, shift_ids.length])
  expect(await erase(`open=true&end=2026-03-29&confirm=${shift_ids.length}`)).toEqual({ deleted: shift_ids.length })
  expect((await call.get(`${base}/staff/${staff[0].id}`)).name).toBe('Ann')
  expect(await auditedActions(call)).toContain('shift.delete_many')
})

test('a shift copied over a change of the clocks keeps its local time', () => {
  const night = { ...shift, starts_at: '2025-10-18T20:00:00.000Z', ends_at: '2025-10-19T04:00:00.000Z' } // 22:00 to 06:00
  expect(copyShifts([night], 1, berlin)).toEqual([
    { ...shift, starts_at: '2025-10-25T20:00:00.000Z', ends_at: '2025-10-26T05:00:00.000Z' }, // nine hours
  ])
  const [after] = copyShifts([night], 2, berlin)
  expect([localTime(after!.starts_at), localTime(after!.ends_at)]).toEqual([
    '2025-11-01T22:00:00',
    '2025-11-02T06:00:00',
  ])
  expect(copyShifts(copyShifts([night], 3, berlin), -3, berlin)).toEqual([night])
})

test('a shift copied into the hour the clocks skip keeps its length', () => {
  const early = { ...shift, starts_at: '2025-03-23T01:00:00.000Z', ends_at: '2025-03-23T02:00:00.000Z' } // 02:00 to 03:00
  const [skipped] = copyShifts([early], 1, berlin)
  expect(skipped).toMatchObject({ starts_at: '2025-03-30T01:00:00.000Z', ends_at: '2025-03-30T02:00:00.000Z' })
})

test('a weekly pattern fills the days it names, both ends of the range included', () => {
  const shifts = shiftsFromPattern(
    { ...shift, weekdays: [1, 7], from: '18:30', to: '02:00' },
    '2025-03-24',
    '2025-03-31',
    'Europe/Berlin',
  )
  expect(shifts.map(one => [localTime(one.starts_at), localTime(one.ends_at)])).toEqual([
    ['2025-03-24T18:30:00', '2025-03-25T02:00:00'],
    ['2025-03-30T18:30:00', '2025-03-31T02:00:00'],
    ['2025-03-31T18:30:00', '2025-04-01T02:00:00'],
  ])
  expect(shifts[0]).toMatchObject({ site_id: 1, skill: 'bar', headcount: 2 })
})

test('a pattern whose end equals its start lasts a whole day', () => {
  const [day] = shiftsFromPattern(
    { ...shift, weekdays: [7], from: '08:00', to: '08:00' },
    '2025-03-30',
    '2025-03-30',
    'Europe/Berlin',
  )
  expect([localTime(day!.starts_at), localTime(day!.ends_at)]).toEqual(['2025-03-30T08:00:00', '2025-03-31T08:00:00'])
})

const sites = [
  { id: 4, name: 'North Hall', timezone: 'Europe/Berlin' },
  { id: 7, name: 'Harbour', timezone: 'America/New_York' },
]

const readShifts = (bytes: Uint8Array<ArrayBuffer>) => readTable(bytes, shiftColumns, otherShiftHeadings)
const readCsv = async (csv: string) => parseShifts(await readShifts(new TextEncoder().encode(csv)), sites)

test('a table in the encoding of old spreadsheets is read as it is written, wherever its first umlaut is', async () => {
  const plain = `Name\n${'Ann of the long name that fills the start of the file\n'.repeat(6_000)}`
  const { rows } = await readShifts(new Uint8Array(Buffer.from(`${plain}Jörg\n`, 'latin1')))
  expect(rows.at(-1)?.cells).toEqual({ name: 'Jörg' })
})

test('a column named in other words gives way to the column itself', async () => {
  const { shifts, errors } = await readCsv('Location,Day,Date,Start,End\nHarbour,Saturday,2025-03-29,18:00,23:00')
  expect(errors).toEqual([])
  expect(shifts).toMatchObject([{ site_id: 7, starts_at: '2025-03-29T22:00:00.000Z' }])
})

test('a spreadsheet of shifts is read by day and clock, in the zone of each site', async () => {
  const csv =
    '\uFEFFSite,Date,From,To,Skill,Certification,Headcount\nnorth hall,2025-06-02,8:00,16:00,bar,,2\n7, 2025-06-02 ,22:00,06:00,,first aid,\n\n'
  expect(await readCsv(csv)).toEqual({
    errors: [],
    shifts: [
      {
        ...shiftDefaults,
        site_id: 4,
        starts_at: '2025-06-02T06:00:00.000Z',
        ends_at: '2025-06-02T14:00:00.000Z',
        skill: 'bar',
        certification: null,
        headcount: 2,
      },
      {
        ...shiftDefaults,
        site_id: 7,
        starts_at: '2025-06-03T02:00:00.000Z',
        ends_at: '2025-06-03T10:00:00.000Z',
        skill: null,
        certification: 'first aid',
        headcount: 1,
      },
    ],
  })
})

test('a spreadsheet may give instants, or local times with the date, and any delimiter', async () => {
  const csv =
    'site;starts_at;ends_at\n4;2025-06-02T06:00:00Z;2025-06-02T16:00+02:00\n4;2025-06-02 08:00;2025-06-02 16:00\n'
  const { shifts, errors } = await readCsv(csv)
  expect(errors).toEqual([])
  expect(shifts.map(one => [one.starts_at, one.ends_at])).toEqual(
    Array(2).fill(['2025-06-02T06:00:00.000Z', '2025-06-02T14:00:00.000Z']),
  )
})

test('every mistake of a spreadsheet is named with its row and column', async () => {
  const csv = [
    'site,date,from,to,headcount',
    'South Hall,2025-06-02,08:00,16:00,1',
    'Harbour,6/2/2025,08:00,16:00,1',
    'Harbour,2025-02-30,08:00,16:00,1',
    'Harbour,2025-06-02,8 am,16:00,1',
    'Harbour,2025-06-02,08:00,25:00,1',
    'Harbour,2025-06-02,08:00,16:00,0',
    ',2025-06-02,08:00,16:00,1',
    'Harbour,02.06.2025,08:00,16:00,1',
  ].join('\n')
  const { shifts, errors } = await readCsv(csv)
  expect(shifts.length).toBe(1)
  expect(errors).toEqual([
    { path: 'line 2, site', message: 'There is no site named South Hall.' },
    { path: 'line 3, date', message: '6/2/2025 is not a date such as 2025-03-30.' },
    { path: 'line 4, date', message: '2025-02-30 is not a date such as 2025-03-30.' },
    { path: 'line 5, from', message: '8 am is not a time such as 09:30.' },
    { path: 'line 6, to', message: '25:00 is not a time such as 17:30.' },
    { path: 'line 7, headcount', message: '0 is not a whole number from 1 to 500.' },
    { path: 'line 8, site', message: 'Name a site.' },
  ])
})

test('times that run backwards or for days are refused, and so is a file without its columns', async () => {
  const read = async (row: string) => (await readCsv(`site,starts_at,ends_at\n${row}`)).errors
  expect(await read('4,2025-06-02 16:00,2025-06-02 08:00')).toEqual([
    { path: 'line 2, ends_at', message: 'The end must be after the start.' },
  ])
  expect((await read('4,2025-06-02 16:00,2025-06-12 16:00'))[0]!.message).toBe(
    'This is 240 hours after the start; at most 48 are allowed.',
  )
  expect((await read('4,soon,2025-06-02 08:00'))[0]!.path).toBe('line 2, starts_at')
  expect((await readCsv('site,date,from,to\n4,2100-12-31,22:00,06:00')).errors).toEqual([
    { path: 'line 2, date', message: 'This is before 1970 or after 2100.' },
  ])
  expect((await readCsv('place,date\n1,2')).errors.map(one => one.path)).toEqual(['site', 'from', 'to'])
  expect(await outcome(readCsv(''))).toThrow('The file is empty')
  expect((await readCsv('site,date,from,to\n')).errors).toEqual([{ path: 'file', message: 'The file has no rows.' }])
})
