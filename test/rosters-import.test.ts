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
