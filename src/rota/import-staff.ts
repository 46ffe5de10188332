/**
 * People from a spreadsheet. A row is an existing person, by `id` or by name, or a new one. Missing columns and
 * empty cells leave values as they are. A cell may hold several values: `bar, steward`, `first aid 2026-12-31`,
 * `2026-07-01 - 2026-07-14`.
 */
import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { audit } from '../audit.ts'
import { type FieldError, Refusal, refuseImport } from '../errors.ts'
import { yearFirst } from '../platform/clock.ts'
import { fieldErrors } from '../platform/http/field-errors.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { idSchema, isOneLine } from '../platform/http/shared-schemas.ts'
import {
  cellForMessage,
  otherHeadings,
  readTable,
  type TableRow,
  type TextTable,
} from '../platform/spreadsheets/read-table.ts'
import { raiseExpiryAlerts } from './certificate-alerts.ts'
import { importErrors, listedValues, type ReportError, readImportRows, writeOrTry } from './imports.ts'
import { normalisePerson, type PersonChange, type PersonView, personChange } from './person.ts'
import { addPerson, allStaff, changePerson } from './staff-queries.ts'

export const importedPersonSchema = t.Object(
  {
    line: t.Integer({ description: 'In the file, including the headings', examples: [2] }),
    staff_id: t.Nullable({ ...idSchema, description: 'Null: somebody new' }),
    name: t.String({ examples: ['Ann'] }),
    changes: t.Array(t.String(), { description: 'The fields that would change; empty: none', examples: [['skills']] }),
  },
  { $id: 'ImportedPerson' },
)
export const maxListed = 100 // people of an import
type ImportedPerson = Static<typeof importedPersonSchema> & { change: PersonChange; before: PersonView | undefined }

export const staffColumns = [
  'id',
  'name',
  'account',
  'skills',
  'max_hours_week',
  'hourly_wage',
  'certifications',
  'unavailable',
  'active',
] as const

/** As the pages name them, as other programs do, and in German, French, Spanish, Portuguese, Italian and Polish. */
const otherStaffHeadings = otherHeadings({
  name: [
    'Person, Full name, Mitarbeiter, Vollständiger Name, Nom, Nom complet, Nombre, Nombre completo, Nome, Nome completo',
    'Nominativo, Imię i nazwisko, Nazwisko i imię',
  ].join(', '),
  account: 'User name, Username, Konto, Benutzername, Compte, Utilisateur, Cuenta, Usuario, Conta, Utente, Użytkownik',
  skills: [
    'Skill, Fähigkeit, Fähigkeiten, Qualifikation, Qualifikationen, Compétence, Compétences, Habilidad, Habilidades',
    'Competencia, Competencias, Habilidade, Competenza, Competenze, Abilità, Umiejętność, Umiejętności',
  ].join(', '),
  max_hours_week: [
    'Max hours, Max hours per week, Hours per week, Wochenstunden, Max Stunden, Stunden pro Woche, Max Stunden pro Woche',
    'Heures max, Heures par semaine, Heures max par semaine, Máx horas, Horas por semana, Máx horas por semana',
    'Horas semanales, Horas semanais, Ore max, Ore settimanali, Ore a settimana, Godziny tygodniowo, Godzin tygodniowo',
  ].join(', '),
  hourly_wage: [
    'Wage, Wage per hour, Hourly rate, Lohn, Stundenlohn, Salaire horaire, Taux horaire, Salario por hora, Valor hora',
    'Valor por hora, Paga oraria, Tariffa oraria, Stawka, Stawka godzinowa',
  ].join(', '),
  certifications: [
    'Certificate, Certificates, Certification, Zertifikat, Zertifikate, Nachweis, Nachweise, Certificat, Certificats',
    'Certificado, Certificados, Certificaciones, Certificações, Certificato, Certificati, Certyfikat, Certyfikaty',
  ].join(', '),
  unavailable: [
    'Away, Absences, Absence, Abwesend, Abwesenheit, Abwesenheiten, Nicht verfügbar, Indisponible, Ausente, Ausencia',
    'Ausencias, No disponible, Indisponível, Assente, Assenze, Non disponibile, Nieobecność, Nieobecności, Niedostępny',
  ].join(', '),
  active: 'Aktiv, Actif, Activo, Ativo, Attivo, Aktywny',
})

function parseStaff(
  { fields, rows }: TextTable,
  known: readonly PersonView[],
): { people: ImportedPerson[]; errors: FieldError[] } {
  if (!fields.includes('name') && !fields.includes('id'))
    return { people: [], errors: [{ path: 'name', message: 'The file lacks this column.' }] }
  if (!rows.length) return { people: [], errors: [{ path: 'file', message: 'The file has no rows.' }] }
  const errors: FieldError[] = []
  const seen = new Map<string, number>()
  const staff = lookupOf(known)
  const people = readImportRows(rows, errors, (row, mistake) => {
    const person = readPerson(row, staff, mistake)
    if (!person) return
    const key = person.staff_id === null ? person.name.toLowerCase() : `#${person.staff_id}`
    const before = seen.get(key)
    if (before) return mistake('name', `${person.name} is already in line ${before}.`)
    seen.set(key, row.line)
    return person
  })
  return { people, errors }
}

/** Every row asks for somebody, so nobody is searched for. */
const lookupOf = (known: readonly PersonView[]) => ({
  byId: new Map(known.map(one => [String(one.id), one])),
  byName: Map.groupBy(known, one => one.name.toLowerCase()),
})
type StaffLookup = ReturnType<typeof lookupOf>

function readPerson({ line, cells }: TableRow, known: StaffLookup, mistake: ReportError): ImportedPerson | undefined {
  const who = personOfRow(cells, known, mistake)
  if (!who) return
  const change = changeIn(cells, mistake)
  if (!change) return
  const { before } = who
  const name = change.name ?? before?.name
  if (!name) return mistake('name', 'Write a name.')
  const was = new Map<string, unknown>(Object.entries(before ?? {}))
  const changes = Object.entries(change)
    .filter(([field, value]) => !Bun.deepEquals(value, was.get(field)))
    .map(([field]) => field)
  return { line, staff_id: before?.id ?? null, name, changes, change, before }
}

/** An existing or a new person; undefined if that is ambiguous. */
function personOfRow({ id, name = '' }: Record<string, string>, { byId, byName }: StaffLookup, mistake: ReportError) {
  if (id) {
    const before = byId.get(id)
    return before
      ? { before }
      : mistake('id', `There is no staff ${cellForMessage(id)}. Leave the id of somebody new empty.`)
  }
  const called = byName.get(name.toLowerCase()) ?? []
  if (called.length > 1)
    return mistake('name', `${called.length} people are named ${cellForMessage(name)}; add the id.`)
  return { before: called[0] }
}

/** The same checks as the API, with the error of each column. */
function changeIn(cells: Record<string, string>, mistake: ReportError): PersonChange | undefined {
  const change: PersonChange = {}
  let isWrong = false
  const refuse: ReportError = (column, message) => {
    isWrong = true
    return mistake(column, message)
  }
  for (const [column, read] of Object.entries(columnParsers)) {
    const cell = cells[column]
    if (cell)
      Object.assign(
        change,
        read(cell, message => refuse(column, message)),
      )
  }
  if (isWrong) return
  const [first] = Value.Check(personChange, change) ? [] : fieldErrors(Value.Errors(personChange, change))
  if (first) return mistake(columnOf(first.path), first.message)
  try {
    return normalisePerson(change)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return mistake(columnOf(error.extra.errors?.[0]?.path ?? 'name'), error.detail)
  }
}

const columnOf = (path: string) => path.split('.')[0]?.replace('hourly_cents', 'hourly_wage') || 'name'

type ColumnParser = (cell: string, wrong: (message: string) => undefined) => PersonChange | undefined
const columnParsers: Record<string, ColumnParser> = {
  name: (name, mistake) => (isOneLine(name) ? { name } : mistake(`${cellForMessage(name)} is not a name.`)),
  account: account => ({ account }),
  skills: cell => ({ skills: listedValues(cell) }),
  max_hours_week: (cell, mistake) => {
    const hours = numberOf(cell)
    return hours === undefined
      ? mistake(`${cellForMessage(cell)} is not a number of hours.`)
      : { max_hours_week: hours }
  },
  hourly_wage: (cell, mistake) => {
    const wage = numberOf(cell)
    return wage === undefined || /[.,]\d{3}$/.test(cell) // thousands, as many write them
      ? mistake(`${cellForMessage(cell)} is not a wage such as 15.50.`)
      : { hourly_cents: Math.round(wage * 100) }
  },
  certifications: (cell, mistake) => {
    const held = listedValues(cell).map(part =>
      /^(.+?)[\s:(]+(?:(?:until|bis|au|jusqu['’]au|hasta|até|fino al|do)\s+)?(\d{4}-\d\d-\d\d)\)?$/i.exec(
        yearFirst(part),
      ),
    )
    const unread = held.indexOf(null)
    if (unread >= 0)
      return mistake(
        `${cellForMessage(listedValues(cell)[unread])} is not a certificate and its last day, such as first aid 2026-12-31.`,
      )
    return { certifications: held.flatMap(one => (one?.[1] && one[2] ? [{ name: one[1], expires_on: one[2] }] : [])) }
  },
  unavailable: (cell, mistake) => {
    const spans = listedValues(cell).map(part =>
      /^(\d{4}-\d\d-\d\d)(?:\s*(?:-|–|to|bis|au|al?|até|do|\/)\s*(\d{4}-\d\d-\d\d))?$/.exec(yearFirst(part)),
    )
    const unread = spans.indexOf(null)
    if (unread >= 0)
      return mistake(
        `${cellForMessage(listedValues(cell)[unread])} is not a day or two, such as 2026-07-01 - 2026-07-14.`,
      )
    return { unavailable: spans.flatMap(one => (one?.[1] ? [{ from: one[1], to: one[2] ?? one[1] }] : [])) }
  },
  active: (cell, mistake) => {
    if (/^(yes|y|true|1|active|ja|oui|sí|si|sim|sì|tak)$/i.test(cell)) return { active: true }
    return /^(no|n|false|0|inactive|nein|non|não|nie)$/i.test(cell)
      ? { active: false }
      : mistake(`${cellForMessage(cell)} is neither yes nor no.`)
  },
}

const numberOf = (cell: string) => (/^\d+([.,]\d+)?$/.test(cell) ? Number(cell.replace(',', '.')) : undefined)

type StaffFile = { bytes: Uint8Array<ArrayBuffer>; isTrial: boolean; who: Actor; at: number }

/** All rows, or none if anything is wrong; a trial changes nothing. As a bulk write, because a file may have thousands of people. */
export async function importStaffFile(db: Db, { bytes, isTrial, who, at }: StaffFile) {
  const table = await readTable(bytes, staffColumns, otherStaffHeadings)
  const { people, created, changed, errors } = await writeOrTry(db, tx => {
    const done = importStaff(tx, parseStaff(table, allStaff(tx)), at)
    if (isTrial || done.errors.length) return { done, kept: false }
    raiseExpiryAlerts(tx, at)
    const detail = { created: done.created, changed: done.changed }
    audit(tx, { at, who, action: 'staff.import', target: 'staff', detail })
    return { done, kept: true }
  })
  if (errors.length && !isTrial) refuseImport(errors)
  return {
    created,
    changed,
    unchanged: people.length - created - changed,
    people: people.slice(0, maxListed).map(({ change: _, before: __, ...person }) => person),
    mistakes: importErrors(errors, table, staffColumns),
  }
}

function importStaff(tx: Db, { people, errors: unread }: ReturnType<typeof parseStaff>, at: number) {
  const errors = [...unread]
  let [created, changed] = [0, 0]
  for (const { line, before, name, changes, change } of people) {
    try {
      if (!before) {
        addPerson(tx, { ...change, name }, at)
        created++
      } else if (changes.length) {
        changePerson(tx, before, change)
        changed++
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      errors.push({ path: `line ${line}, ${error.extra.errors?.[0]?.path ?? 'account'}`, message: error.detail })
    }
  }
  return { people, created, changed, errors }
}
