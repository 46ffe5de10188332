import { expect, test } from 'bun:test'
import ExcelJS from 'exceljs'
import { openBeside } from '../db/open.ts'
import { openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { auditedActions, base, createPerson, createSite } from './rosters.ts'
import { formOf } from './sheets.ts'
import { afterTest, refusalOf, shared, start } from './start.ts'

const people = `Name,Skills,Max hours week,Hourly wage,Certifications,Unavailable,Active
Ann,bar | steward,24,15.50,first aid 2027-12-31,2026-07-01 - 2026-07-14 | 2026-08-01,yes
Bob,,,,,,no
`

/** Shared by tests that only look at people of their own. */
const service = shared(() => start())

async function workbook(rows: unknown[][]): Promise<File> {
  const book = new ExcelJS.Workbook()
  book.addWorksheet('People').addRows(rows)
  return new File([new Uint8Array(await book.xlsx.writeBuffer())], 'people.xlsx')
}

test('people are imported from a CSV: new ones are created, known ones changed, and empty cells change nothing', async () => {
  const { call } = await start()
  const bob = await createPerson(call, 'bob', { hourly_cents: 1700 })
  const send = (csv: string, query = '') => call.post(`${base}/staff/import${query}`, { csv })
  const trial = await send(people, '?dry_run=true')
  expect(trial).toMatchObject({ created: 1, changed: 1, unchanged: 0, errors: [], total_errors: 0 })
  expect(trial.people).toMatchObject([
    { line: 2, staff_id: null, name: 'Ann' },
    { line: 3, staff_id: bob.id, changes: ['name', 'active'] },
  ])
  expect((await call.get(`${base}/staff`)).pagination.total).toBe(1)
  expect(await send(people)).toMatchObject({ created: 1, changed: 1 })
  const { staff } = await call.get(`${base}/staff`)
  expect(staff[0]).toMatchObject({
    name: 'Ann',
    skills: ['bar', 'steward'],
    max_hours_week: 24,
    hourly_cents: 1550,
    certifications: [{ name: 'first aid', expires_on: '2027-12-31' }],
    unavailable: [
      { from: '2026-07-01', to: '2026-07-14' },
      { from: '2026-08-01', to: '2026-08-01' },
    ],
    active: true,
  })
  expect(staff[1]).toMatchObject({ id: bob.id, name: 'Bob', hourly_cents: 1700, skills: ['bar'], active: false })
  expect(await send(people)).toMatchObject({ created: 0, changed: 0, unchanged: 2 })
  expect(await auditedActions(call)).toContain('staff.import')
})

test('headings are read as the pages name them, and a row with more cells than headings is refused', async () => {
  const { call } = await service()
  const trial = (csv: string) => call.post(`${base}/staff/import?dry_run=true`, { csv })
  const csv = `Name;Skills;Max. hours (per week);Wage per hour;Certificates;Away;E-Mail
Pam;bar, steward;38,5;12.50;first aid (until 2027-01-31), hygiene 1.1.2028;24.12.2027 - 02.01.2028;pam@example.org`
  expect(await trial(csv)).toMatchObject({
    people: [{ changes: ['name', 'skills', 'max_hours_week', 'hourly_cents', 'certifications', 'unavailable'] }],
    errors: [],
    ignored_columns: ['e_mail'],
  })
  expect(await call.post(`${base}/staff/import`, { csv })).toMatchObject({ created: 1 })
  const { staff } = await call.get(`${base}/staff?q=Pam`)
  expect(staff).toMatchObject([
    {
      skills: ['bar', 'steward'],
      max_hours_week: 38.5,
      certifications: [
        { name: 'first aid', expires_on: '2027-01-31' },
        { name: 'hygiene', expires_on: '2028-01-01' },
      ],
      unavailable: [{ from: '2027-12-24', to: '2028-01-02' }],
    },
  ])
  const translated = `Imię i nazwisko;Fahigkeiten;Horas por semana;Salaire horaire;Certificações;Assenze;Aktiv;Schuhgröße
Pia;bar;20;12,5;hygiene bis 1.1.2028;24.12.2027 al 02.01.2028;nein;41`
  expect(await trial(translated)).toMatchObject({
    people: [
      { changes: ['name', 'skills', 'max_hours_week', 'hourly_cents', 'certifications', 'unavailable', 'active'] },
    ],
    errors: [],
    ignored_columns: ['schuhgröße'],
  })
  await call.post(`${base}/staff/import`, { csv: translated })
  expect((await call.get(`${base}/staff?q=Pia`)).staff[0]).toMatchObject({
    certifications: [{ name: 'hygiene', expires_on: '2028-01-01' }],
    unavailable: [{ from: '2027-12-24', to: '2028-01-02' }],
    active: false,
  })
  const shifted = await refusalOf(trial('Name;Skills;Max hours\nQuin;bar; steward;20'))
  expect(shifted.problem.errors[0].message).toStartWith('Line 2 goes on beyond the last heading: 20.')
  const twice = await refusalOf(trial('Name,Wage,Hourly rate\nQuin,12,13'))
  expect(twice.problem.errors[0].message).toStartWith('Two columns are read as hourly_wage: “Wage” and “Hourly rate”.')
  const beside = 'Name,Full name,Notes,Notes,Skills\nPam,Pamela Ost,a,b,"bar, inside | cook"'
  expect(await trial(beside)).toMatchObject({
    people: [{ name: 'Pam', changes: ['skills'] }],
    errors: [],
    ignored_columns: ['full_name', 'notes', 'notes'],
  })
  await call.post(`${base}/staff/import`, { csv: beside })
  expect((await call.get(`${base}/staff?q=Pam`)).staff[0].skills).toEqual(['bar, inside', 'cook'])
})

test('two columns of a few rows are told apart, accents may be of two characters, and a wage in thousands is refused', async () => {
  const { call } = await service()
  const trial = (what: string, csv: string) => call.post(`${base}/${what}/import?dry_run=true`, { csv })
  for (const csv of ['Name;Skills\nZoé;bar\n', 'Name\tSkills\n\nZoé\tbar\n', 'Name\tSkills\nZoé\t\n'])
    expect(await trial('staff', csv.normalize('NFD'))).toMatchObject({ people: [{ name: 'Zoé' }], ignored_columns: [] })
  expect(await trial('staff', 'Nombre;Valor por hora\nPedro;15.000\n')).toMatchObject({
    errors: [{ path: 'line 2, hourly_wage', message: '15.000 is not a wage such as 15.50.' }],
  })
  const { name } = await createSite(call)
  expect(await trial('shifts', `Lieu;Datum;De;À\n${name};24.12.2026;18h30;22.00\n`)).toMatchObject({ created: 1 })
})

test('an import says which rows and columns of its workbook are hidden, and reads what is merged over several rows in each', async () => {
  const { call } = await service()
  const book = new ExcelJS.Workbook()
  const sheet = book.addWorksheet('People')
  sheet.addRows([
    ['Name', 'Skills', 'Wage', 'Shoes'],
    ['Una', 'bar', 12, 40],
    ['Uri', null, 13, 41],
    ['Uwe', 'door', 14, 42],
  ])
  sheet.mergeCells('B2:B3')
  sheet.mergeCells('D2:D4')
  sheet.getRow(4).hidden = true
  for (const column of [3, 4]) sheet.getColumn(column).hidden = true
  const bytes = new Uint8Array(await book.xlsx.writeBuffer())
  const send = (query = '') => call.post(`${base}/staff/import${query}`, formOf(bytes, 'people.xlsx'))
  expect((await send('?dry_run=true')).notes).toEqual([
    '1 hidden row of the workbook was read too.',
    'Hidden columns of the workbook were read too: “Wage”.',
    'Cells of “Skills” are merged over several rows: each row has the value of the first, unless that row is left out.',
  ])
  await send()
  const { staff } = await call.get(`${base}/staff?q=U`)
  expect(staff.map(({ name, skills }: { name: string; skills: string[] }) => [name, skills])).toEqual([
    ['Una', ['bar']],
    ['Uri', ['bar']],
    ['Uwe', ['door']],
  ])
})

test('who was added by another process while an import waited is not added again', async () => {
  const { call, dataDir } = await start()
  const { $client: other } = openBeside(dataDir)
  afterTest(() => other.close())
  other.run('begin immediate')
  other.run(`insert into staff (name, skills, max_hours_week, hourly_cents, preferences, created_at)
    values ('Ann', '[]', 40, 0, '[]', 0)`)
  const imported = call.post(`${base}/staff/import`, { csv: people })
  for (let i = 0; i < 3; i++) await call.get(`${base}/staff`)
  other.run('commit')
  expect(await imported).toMatchObject({ created: 1, changed: 1 })
})

test('every mistake of a file of people is named by its line, and nothing of it is written', async () => {
  const { call } = await start()
  await createPerson(call, 'Cy')
  await createPerson(call, 'cy')
  const csv = [
    'id;name;account;max_hours_week;hourly_wage;certifications;unavailable;active',
    ';Ann;nobody;20;;;;',
    ';Bob;;many;;;;',
    ';Dee;;200;;;;',
    ';Eve;;;cheap;;;',
    '',
    ';Fay;;;;first aid;;',
    ';Gil;;;;;July;',
    ';Hal;;;;;2026-07-14 - 2026-07-01;',
    ';Ida;;;;;;perhaps',
    '99;Joe;;;;;;',
    ';Cy;;;;;;',
    ';Kim;;;;;;',
    ';kim;;;;;;',
    ';;;20;;;;',
  ].join('\n')
  const expected = [
    ['line 3, max_hours_week', 'many is not a number of hours.'],
    ['line 4, max_hours_week', 'Write a number from 0 to 168.'],
    ['line 5, hourly_wage', 'cheap is not a wage such as 15.50.'],
    ['line 7, certifications', 'first aid is not a certificate and its last day, such as first aid 2026-12-31.'],
    ['line 8, unavailable', 'July is not a day or two, such as 2026-07-01 - 2026-07-14.'],
    ['line 9, unavailable', 'The end must not be before the start.'],
    ['line 10, active', 'perhaps is neither yes nor no.'],
    ['line 11, id', 'There is no staff 99. Leave the id of somebody new empty.'],
    ['line 12, name', '2 people are named Cy; add the id.'],
    ['line 14, name', 'kim is already in line 13.'],
    ['line 15, name', 'Write a name.'],
    ['line 2, account', 'There is no account nobody.'],
  ]
  const trial = await call.post(`${base}/staff/import?dry_run=true`, { csv })
  expect(trial.errors.map(({ path, message }: Record<string, string>) => [path, message])).toEqual(expected)
  const { status, problem } = await refusalOf(call.post(`${base}/staff/import`, { csv }))
  expect([status, problem.detail]).toEqual([422, 'Nothing was imported: 12 mistakes'])
  expect((await call.get(`${base}/staff`)).pagination.total).toBe(2)
  const noName = await refusalOf(call.post(`${base}/staff/import`, { csv: 'who\nAnn' }))
  expect(noName.problem.errors).toEqual([{ path: 'name', message: 'The file lacks this column.' }])
  const hours = await call.post(`${base}/staff/import?dry_run=true`, { csv: 'Name,Skills,Hours\nLea,bar,24' })
  expect(hours).toMatchObject({ created: 1, ignored_columns: ['hours'] })
})

test('people and shifts are imported from a workbook too, with its dates and times of day', async () => {
  const { call } = await start()
  await createSite(call)
  const file = await workbook([
    ['Name', 'Skills', 'Max hours week', 'Hourly wage'],
    ['Ann', 'bar', 24, 15.5],
  ])
  expect(await call.post(`${base}/staff/import`, formOf(file, file.name))).toMatchObject({ created: 1 })
  const formatted = Array.from({ length: 10_050 }, () => [''])
  const far = await workbook([['Name'], ['Bea'], ...formatted, ['Cleo']])
  expect(await call.post(`${base}/staff/import?dry_run=true`, formOf(far, far.name))).toMatchObject({ created: 2 })
  expect((await call.get(`${base}/staff`)).staff[0]).toMatchObject({ max_hours_week: 24, hourly_cents: 1550 })

  const book = new ExcelJS.Workbook()
  const sheet = book.addWorksheet('Shifts')
  sheet.addRows([
    ['site', 'date', 'from', 'to', 'headcount'],
    ['Riverside', new Date('2026-03-30'), 0.75, '23:00', 2],
  ])
  sheet.getCell('C2').numFmt = 'hh:mm'
  const bytes = new Uint8Array(await book.xlsx.writeBuffer())
  const sent = await call.raw(`${base}/shifts/import`, { method: 'POST', body: bytes })
  expect(sent.status).toBe(201)
  expect((await call.get(`${base}?start=2026-03-30&end=2026-03-30`)).shifts).toMatchObject([
    { from: '18:00', to: '23:00', headcount: 2 },
  ])
  const again = await call.raw(`${base}/shifts/import?dry_run=true`, { method: 'POST', body: bytes })
  expect(await again.json()).toMatchObject({ created: 0, skipped: 1, errors: [], ignored_columns: [] })
  const translated = 'Ort;Datum;Von;Bis;Plätze;Farbe\nRiverside;30.03.2026;18:00;23:00;2;rot'
  const same = await call.raw(`${base}/shifts/import?dry_run=true`, { method: 'POST', body: translated })
  expect(await same.json()).toMatchObject({ created: 0, skipped: 1, errors: [], ignored_columns: ['farbe'] })
  const broken = await call.raw(`${base}/staff/import`, { method: 'POST', body: bytes.slice(0, 900) })
  expect(broken.status).toBe(422)
})

browserTest('a file is checked before it is imported, and its mistakes are named by line', async () => {
  const { call, url } = await start()
  const officer = { email: 'olga@example.org', username: 'olga', password: 'correct horse battery', role: 'officer' }
  await call.post('/api/v1/users', officer)
  const page = await openBrowser()
  await signInBrowser(page, url, officer.email, officer.password)
  await page.goto(`${url}/rota/staff`)
  await page.click('summary:has-text("Import")')
  const choose = async (csv: string) =>
    page.setInputFiles('input[type=file]', { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
  await choose('name,max_hours_week\nAnn,many\n')
  await page.waitForSelector('[data-import-result] td:has-text("many is not a number of hours.")')
  expect(await page.locator('[data-import-result]').textContent()).toContain('line 2, max_hours_week')
  expect(await page.locator('[data-import] button[type=submit]').isDisabled()).toBe(true)
  await choose('name,max_hours_week\nAnn,20\n')
  await page.waitForSelector('[data-import-result]:has-text("1 new")')
  await page.route('**/staff/import', route => route.abort(), { times: 1 })
  await page.click('[data-import] button[type=submit]')
  await page.waitForSelector('.toast:has-text("Nothing was imported")')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Import') // the focus is kept
  await page.click('[data-import] button[type=submit]')
  await page.waitForSelector('main tr:has-text("Ann") a[href*="/staff/"]') // the list of people, not the preview
  expect((await call.get(`${base}/staff`)).staff).toMatchObject([{ name: 'Ann', max_hours_week: 20 }])
})

/** Two shifts by day, of which one asks for a driver, and one by night. Each test has a week of its own. */
const station = shared(async () => {
  const { call, ...fieldhouse } = await start()
  const site = await createSite(call, 'Station 1')
  for (const [name, skills] of [
    ['Ann Berg', ['driver', 'medic']],
    ['Bob Moss', ['medic']],
    ['Cy Lund', ['medic']],
    ['Ann Cole', ['medic']],
  ] as const)
    await createPerson(call, name, { skills })
  const shift = { site_id: site.id, start_date: '2026-11-02', end_date: '2026-11-29', weekdays: [1, 2, 3, 4, 5, 6, 7] }
  const day = { ...shift, from: '07:00', to: '19:00', kind: 'Früh' }
  await call.post(`${base}/shifts/pattern`, { ...day, skill: 'driver' })
  await call.post(`${base}/shifts/pattern`, { ...day, skill: 'medic' })
  await call.post(`${base}/shifts/pattern`, { ...shift, from: '19:00', to: '07:00', kind: 'Nacht', skill: 'medic' })
  const send = (csv: string, query = '') => call.post(`${base}/drafts/import${query}`, { csv })
  const draftOf = (id: string) => call.get(`${base}/drafts/${id}`)
  const publish = (job_id: string) => call.post(`${base}/confirm`, { job_id })
  const namesOn = async (date: string) =>
    (await call.get(`${base}?start=${date}&end=${date}`)).shifts.map(
      ({ skill, staff }: { skill: string; staff: { name: string }[] }) => [skill, staff.map(({ name }) => name)],
    )
  return { ...fieldhouse, call, site, send, draftOf, publish, namesOn }
})

test('a plan as a list becomes a draft: missing shifts are made, and of two shifts at one time each person gets the one that suits them', async () => {
  const { call, send, publish, namesOn } = await station()
  const csv = [
    'Datum;Von;Bis;Schicht;Wer',
    '02.11.2026;07:00;19:00;F;Bob Moss / Ann Berg',
    '02.11.2026;;;N;Lund',
    '03.11.2026;07:00;;;"Berg, Ann"',
    '04.11.2026;10:00;14:00;;"A. Cole, Cy Lund"',
    '04.11.2026;10:00;14:00;;offen',
  ].join('\n')
  const trial = await send(csv, '?dry_run=true')
  expect(trial).toMatchObject({ created: 1, shift_ids: [], placed: 6, draft_id: null, errors: [], conflicts: [] })
  expect(trial.notes).toEqual([
    '“Lund” is read as Cy Lund.',
    '“Berg, Ann” is read as Ann Berg.',
    '“A. Cole” is read as Ann Cole.',
  ])
  expect((await call.get(`${base}/shifts`)).pagination.total).toBe(84)
  const { draft_id, shift_ids } = await send(csv)
  expect(await call.get(`${base}/shifts/${shift_ids[0]}`)).toMatchObject({ headcount: 3, date: '2026-11-04' })
  expect(await namesOn('2026-11-02')).toEqual([
    ['driver', []],
    ['medic', []],
    ['medic', []],
  ]) // not before it is published
  await publish(draft_id)
  expect(await namesOn('2026-11-02')).toEqual([
    ['driver', ['Ann Berg']],
    ['medic', ['Bob Moss']],
    ['medic', ['Cy Lund']],
  ])
  expect(await namesOn('2026-11-03')).toEqual([
    ['driver', ['Ann Berg']],
    ['medic', []],
    ['medic', []],
  ])
  expect(await send(csv)).toMatchObject({ created: 0, placed: 0, already_placed: 6, draft_id: null })
  expect(await auditedActions(call)).toContain('plan.import')
})

test('a month by person is read by its letters, its times and its leave', async () => {
  const { call, send, draftOf, publish, namesOn } = await station()
  const csv = [
    'Dienstplan November',
    'Name;8;9;10;11;12;13;Std',
    ';So;Mo;Di;Mi;Do;Fr;',
    'Ann Berg;;F;-;U;U;10-14;24',
    'Bob Moss;;;N;frei;F;;36',
  ].join('\n')
  expect(await send(csv, '?dry_run=true')).toMatchObject({
    errors: [{ path: 'month', message: 'Of which month is the day 8? Choose the month.' }],
  })
  expect(await send(csv, '?dry_run=true&month=2026-11')).toMatchObject({
    created: 1,
    placed: 4,
    days_away: 2,
    errors: [],
    ignored_columns: ['std'],
    notes: ['Lines without a name are left out: 3.'],
  })
  const twice = csv.replace(';9;', ';8;')
  expect((await refusalOf(send(twice, '?month=2026-11'))).problem.errors).toEqual([
    { path: 'file', message: 'Two columns are of day 8: leave one of them out.' },
  ])
  expect(await send(csv.replace(';9;', ';;'), '?dry_run=true&month=2026-11')).toMatchObject({
    notes: ['A column has no heading and is left out: line 3 has Mo there.', 'Lines without a name are left out: 3.'],
  })
  const { draft_id } = await send(csv, '?month=2026-11')
  expect(await draftOf(draft_id)).toMatchObject({ start_date: '2026-11-09', end_date: '2026-11-13' })
  await publish(draft_id)
  expect(await namesOn('2026-11-10')).toEqual([
    ['driver', []],
    ['medic', []],
    ['medic', ['Bob Moss']],
  ])
  const { staff } = await call.get(`${base}/staff?q=Berg`)
  expect(staff[0].unavailable).toEqual([{ from: '2026-11-11', to: '2026-11-12' }])
  expect(await send(csv, '?month=2026-11')).toMatchObject({ placed: 0, already_placed: 4, days_away: 0 })
  const book = new ExcelJS.Workbook()
  const sheet = book.addWorksheet('November')
  sheet.addRows([
    ['Mitarbeiter', new Date('2026-11-14'), new Date('2026-11-15')],
    ['Cy Lund', 'Nacht', 'F'],
    ['Bob Moss', 'Urlaub'],
  ])
  sheet.mergeCells('B3:C3')
  const bytes = new Uint8Array(await book.xlsx.writeBuffer())
  const whole = await call.post(`${base}/drafts/import?dry_run=true`, formOf(bytes, 'plan.xlsx'))
  expect(whole).toMatchObject({ placed: 2, days_away: 2, errors: [] })
  expect(whole.conflicts).toEqual([{ path: 'line 2, 2026-11-15', message: 'Cy Lund would rest 0 of 10 hours' }])
})

test('a plan of days by shift names who works each kind, and days without a year are those nearest to its month', async () => {
  const { call, send, draftOf } = await station()
  const csv = 'Datum;Früh;Nacht;Lage\n30.11.2026;Ann Berg, Bob Moss;Lund;ruhig\n01.12.2026;;Dan;'
  const trial = await send(csv, '?dry_run=true')
  expect(trial).toMatchObject({ ignored_columns: ['lage'] })
  expect(trial.errors.map(({ path }: { path: string }) => path)).toEqual([
    'line 2, Früh',
    'line 2, Nacht',
    'line 3, Nacht',
  ])
  const there = await send('Datum;Früh;Nacht\n28.11.2026;Ann Berg, Bob Moss;Lund', '?dry_run=true')
  expect(there).toMatchObject({ created: 0, placed: 3, errors: [] })
  const turn = await send('Name;Do 31.12.;Fr 1.1.\nCy Lund;7-15;9-17', '?month=2026-12')
  expect(await draftOf(turn.draft_id)).toMatchObject({ start_date: '2026-12-31', end_date: '2027-01-01' })
  const unclear = await send('Name;Mo 21.12.;22.12.2026\nCy Lund;F;F', '?dry_run=true')
  expect(unclear.errors).toEqual([{ path: 'month', message: 'Of which year is the day mo 21 12? Choose the month.' }])
  const book = new ExcelJS.Workbook()
  const sheet = book.addWorksheet('Plan')
  sheet.addRows([
    ['Datum', 'Früh', 'Nacht'],
    [new Date('2026-11-26'), 'Ann Berg', 'Lund'],
    [new Date('2026-11-27')],
    [new Date('2026-11-28')],
  ])
  sheet.mergeCells('B2:B4')
  const bytes = new Uint8Array(await book.xlsx.writeBuffer())
  const whole = await call.post(`${base}/drafts/import?dry_run=true`, formOf(bytes, 'plan.xlsx'))
  expect(whole).toMatchObject({ placed: 4, errors: [] })
  const lacking = await send('Datum;Notiz\n28.11.2026;Lund', '?dry_run=true')
  expect(lacking.errors[0].message).toBe('The file lacks this column, or a column for each kind of shift.')
})

test('nothing of a plan is lost or taken for something else: letters, open places, times, columns and days', async () => {
  const { call, send } = await station()
  const tried = (csv: string, query = '') => send(csv, `?dry_run=true${query}`)
  const made = await send('date,from,to,shift,person\n2026-12-05,12:00,13:00,Kurz,"Cy Lund, N.N."')
  expect(await call.get(`${base}/shifts/${made.shift_ids[0]}`)).toMatchObject({ headcount: 2 })
  expect((await tried('Name;19\nCy Lund;K', '&month=2026-11')).errors).toEqual([
    {
      path: 'line 2, 2026-11-19',
      message: 'K may be leave or the shift Kurz, which is not on this day. Write the word.',
    },
  ])
  await call.patch(`${base}/staff/4`, { unavailable: [{ from: '2026-11-19T08:00:00Z', to: '2026-11-19T12:00:00Z' }] })
  expect(await tried('Name;19\nAnn Cole;krank', '&month=2026-11')).toMatchObject({ days_away: 1 })
  expect((await tried('starts_at,ends_at,person\n20261119T060000Z,20261119T100000Z,Cy Lund')).errors).toMatchObject([
    { path: 'line 2, starts_at' },
  ])
  expect((await tried('Datum;Früh;Früh\n2026-11-19;Cy Lund;Bob Moss')).errors).toEqual([
    { path: 'file', message: 'Two columns are of the shift früh: write the names into one.' },
  ])
  expect((await tried('Name;31 Oct;Nov 19\nCy Lund;F;F', '&month=2026-11')).errors).toMatchObject([
    { path: 'line 2, 2026-10-31' },
  ])
  expect(await tried('Name;Qualifikation;19. Nov.\nCy Lund (3);Sanitäter;F', '&month=2026-11')).toMatchObject({
    placed: 1,
    errors: [],
    notes: ['Not read, as it is about people and not about shifts: skill.'],
  })
})

test('what the rota exports comes in again, and stands as it stood', async () => {
  const { call, send, publish } = await station()
  const { draft_id } = await send('date,shift,person\n2026-11-16,F,"Ann Berg, Bob Moss"\n2026-11-17,N,Cy Lund')
  await publish(draft_id)
  const exportedCsv = async (by: string) =>
    (await call.raw(`${base}/export?by=${by}&start=2026-11-16&end=2026-11-22`)).text()
  const [bySite, byPerson] = [await exportedCsv('site'), await exportedCsv('person')]
  for (const csv of [bySite, byPerson])
    expect(await send(csv)).toMatchObject({ created: 0, placed: 0, already_placed: 3, draft_id: null })
  await call.delete(`${base}/shifts?start=2026-11-16&end=2026-11-22&confirm=21`)
  const again = await send(bySite)
  expect(again).toMatchObject({ created: 21, placed: 3 })
  await publish(again.draft_id)
  expect(await exportedCsv('site')).toBe(bySite)
})

test('whom a plan does not say clearly is asked about by line, and what breaks a rule is named and marked in its draft', async () => {
  const { call, site, send, draftOf, publish, namesOn } = await station()
  await createSite(call, 'Station 2')
  const plan = (rows: string) => send(`date,from,to,site,shift,person\n${rows}`, '?dry_run=true')
  const wrong = await plan(`2026-11-23,,,,F,Ann
2026-11-23,,,,F,Dan
2026-11-23,,,,X,Bob Moss
23/11/2026,,,,F,Bob Moss
2026-11-23,10:00,14:00,,,Bob Moss
2026-11-23,10:00,14:00,Station 3,,Bob Moss
2026-11-23,,,,,Bob Moss`)
  expect(wrong.errors.map(({ path, message }: Record<string, string>) => [path, message])).toEqual([
    ['line 2, person', 'Ann may be 2 people: Ann Berg (1), Ann Cole (4). Write the whole name, or the number.'],
    ['line 3, person', 'There is nobody named Dan. Add them under Staff first.'],
    [
      'line 4, kind',
      'There is no shift on 23 November 2026 whose kind begins with X. Make it first, or write from when to when, such as 07:00–15:00.',
    ],
    ['line 5, date', '23/11/2026 is not a date such as 2025-03-30.'],
    ['line 6, site', 'Name a site.'],
    ['line 7, site', 'There is no site named Station 3.'],
    [
      'line 8, kind',
      'These are 2 shifts: Mon 23 Nov, 07:00–19:00, Station 1 (Europe/Berlin); Mon 23 Nov, 19:00–07:00, Station 1 (Europe/Berlin). Write which one: its site, its kind, or from and to.',
    ],
  ])
  const refused = await refusalOf(send('date,shift,person\n2026-11-23,F,Dan'))
  expect(refused.problem.detail).toBe('Nothing was imported: 1 mistake')

  await call.patch(`${base}/staff/2`, { unavailable: [{ from: '2026-11-26', to: '2026-11-26' }] })
  const broken = `date,shift,person
2026-11-26,F,Bob Moss
2026-11-27,N,Cy Lund
2026-11-27,N,4
2026-11-28,F,Cy Lund`
  const conflicts = [
    ['line 4, person', 'The shift of 27 November 2026, 19:00, takes 1 but has 2'],
    ['line 2, person', 'Bob Moss is unavailable on 26 November 2026'],
    ['line 5, person', 'Cy Lund would rest 0 of 10 hours'],
  ]
  const trial = await send(broken, '?dry_run=true')
  expect(trial.conflicts.map(({ path, message }: Record<string, string>) => [path, message])).toEqual(conflicts)
  const { draft_id } = await send(broken)
  expect((await draftOf(draft_id)).assignments).toHaveLength(4)
  const page = await (await call.raw(`/rota/plan?draft=${draft_id}`, { headers: { accept: 'text/html' } })).text()
  expect(page).toMatch(
    /<a href="\/rota\/plan\?week=2026-11-23&amp;[^"]*">The shift of 27 November 2026, 19:00, takes 1 but has 2</,
  )
  expect(page.match(/takes 1 but has 2/g)).toHaveLength(1 + 2 * 2) // in the list, and for eyes and ears beside both people
  expect((await refusalOf(publish(draft_id))).status).toBe(409)
  expect(await namesOn('2026-11-26')).toEqual([
    ['driver', []],
    ['medic', []],
    ['medic', []],
  ])
  expect(site.name).toBe('Station 1')
})
