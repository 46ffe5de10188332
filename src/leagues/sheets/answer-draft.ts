/** What an officer does with a draft: chooses its columns, tries it, imports or discards it. */
import type { Db } from '../../../db/open.ts'
import { uploadKinds, uploadModes } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { csrfField, requireToken } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { invalid, Refusal } from '../../errors.ts'
import { inUtc, iso, parseTime } from '../../platform/clock.ts'
import type { Who } from '../../platform/http/request-context.ts'
import type { League } from '../league.ts'
import { leagueById } from '../queries.ts'
import { acceptUpload, requireUploadsOpen } from './accept-upload.ts'
import {
  type ColumnChoice,
  changeDraft,
  draftFault,
  insertDraft,
  linkForTrial,
  mappingOfChoices,
  receivedDraft,
  takeDraft,
  type UploadDraft,
} from './drafts.ts'
import { previewUpload } from './preview-upload.ts'
import { type ReceivedFile, removeReceived } from './receive-file.ts'
import type { Upload } from './upload.ts'

/** Refuses while the league takes no uploads. */
export function openLeague({ db, clock }: App, id: number): League {
  const league = leagueById(db, id)
  requireUploadsOpen(league, clock.now())
  return league
}

export function previewDraft(app: App, draft: UploadDraft) {
  const mapping = draft.mapping ? JSON.stringify(draft.mapping) : undefined
  const options = { mapping, kind: draft.kind, worksheet: draft.worksheet ?? undefined }
  return previewUpload(app, leagueById(app.db, draft.leagueId), receivedDraft(draft), options)
}

export async function newUploadDraft({ db, clock }: App, id: number, received: ReceivedFile, who: Who) {
  requireToken(who, received.fields[csrfField])
  const { kind, mode } = received.fields
  await received.synced
  return atomically(db, tx =>
    insertDraft(tx, {
      leagueId: id,
      userId: who.id,
      filename: received.filename,
      file: received.file,
      bytes: received.bytes,
      sha256: received.sha256,
      kind: uploadKinds.find(each => each === kind) ?? 'current',
      mode: uploadModes.find(each => each === mode) ?? 'partial',
      createdAt: clock.now(),
    }),
  )
}

/** The choices in the form, stored with the draft. */
export async function storeChoices(app: App, draft: UploadDraft, form: URLSearchParams): Promise<UploadDraft> {
  const [headers, roles, called] = ['header', 'role', 'called'].map(field => form.getAll(field))
  const choices = headers!.map(
    (header, i): ColumnChoice => ({ header, role: roles![i] ?? 'none', called: called![i] ?? '' }),
  )
  const previewed = await previewDraft(app, draft)
  const worksheet = form.get('worksheet') ?? previewed.worksheet
  const isOtherWorksheet = worksheet !== previewed.worksheet
  if (isOtherWorksheet && !previewed.worksheets.some(({ name }) => name === worksheet))
    invalid('worksheet', `The file has no worksheet “${worksheet}” that could be read.`)
  const mapping = mappingOfChoices(choices)
  const previewMapping = Object.fromEntries(previewed.columns.map(({ header, as }) => [header, as]))
  const isChanged = choices.some(({ header }) => mapping[header] !== previewMapping[header])
  const change = {
    kind: uploadKinds.find(each => each === form.get('kind')) ?? draft.kind,
    mode: uploadModes.find(each => each === form.get('mode')) ?? draft.mode,
    takenAt: takenAtInForm(form.get('taken_at') ?? '', previewed),
    ...(isOtherWorksheet ? { worksheet, mapping: null, trialJobId: null } : isChanged && { mapping }),
  }
  await atomically(app.db, tx => changeDraft(tx, draft.id, change))
  const fault = isOtherWorksheet ? undefined : draftFault(choices)
  if (fault) throw new Refusal('invalid', fault)
  return { ...draft, ...change }
}

const uploadOptionsOf = ({ kind, mode, takenAt, mapping, worksheet }: UploadDraft) => ({
  kind,
  mode,
  ...(worksheet !== null && { worksheet }),
  ...(takenAt !== null && { taken_at: iso(takenAt) }),
  ...(mapping && { mapping: JSON.stringify(mapping) }),
})

/** Imports it as a trial, which leaves nothing. */
export async function tryDraft(app: App, draft: UploadDraft, who: Who): Promise<void> {
  const { db, config, jobs } = app
  const received = await linkForTrial(app, draft)
  const options = { ...uploadOptionsOf(draft), dry_run: 'true' as const }
  const { upload } = await acceptUpload(app, openLeague(app, draft.leagueId), received, options, who).catch(
    async error => {
      await removeReceived(config.dataDir, received)
      throw error
    },
  )
  await atomically(db, tx => changeDraft(tx, draft.id, { trialJobId: upload.jobId }))
  await jobs.tryDispatch(upload.jobId)
}

export async function importDraft(app: App, draft: UploadDraft, who: Who): Promise<Upload> {
  const league = openLeague(app, draft.leagueId)
  const take = (tx: Db) => takeDraft(tx, draft.id)
  const options = uploadOptionsOf(draft)
  const { upload, isDuplicate } = await acceptUpload(app, league, receivedDraft(draft), options, who, take)
  if (isDuplicate) await removeReceived(app.config.dataDir, draft)
  else await app.jobs.tryDispatch(upload.jobId)
  return upload
}

export async function discardUploadDraft({ db, config }: App, draft: UploadDraft): Promise<void> {
  await atomically(db, tx => takeDraft(tx, draft.id))
  await removeReceived(config.dataDir, draft)
}

/** The time in the form; null if it is empty, or the time that was read from the file. */
function takenAtInForm(text: string, read: { taken_at: string; taken_from: string }): number | null {
  if (text.trim() === '') return null
  const at = parseTakenAt(text)
  return read.taken_from !== 'sent' && read.taken_at.slice(0, 16) === iso(at).slice(0, 16) ? null : at
}

export function parseTakenAt(text: string): number {
  const at = parseTime(inUtc(text))
  return Number.isNaN(at) ? invalid('taken_at', 'Write a time such as 2026-03-01T18:00.') : at
}
