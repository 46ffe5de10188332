/** Uploading without JavaScript: choose a file and its columns, preview and import it, and answer a held upload. */

import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { uploadKinds, uploadModes } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { csrfField, requireToken } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { invalid, Refusal } from '../../errors.ts'
import { inUtc, iso, parseTime } from '../../platform/clock.ts'
import { signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { leagueById, leagueViewById } from '../queries.ts'
import { acceptUpload, requireUploadsOpen } from './accept-upload.ts'
import { uploadDraftBody } from './draft-page.ts'
import {
  type ColumnChoice,
  changeDraft,
  draftFault,
  draftOf,
  insertDraft,
  linkForTrial,
  mappingOfChoices,
  receivedDraft,
  takeDraft,
  type UploadDraft,
} from './drafts.ts'
import { previewUpload } from './preview-upload.ts'
import { uploadOfFile } from './queries.ts'
import { type ReceivedFile, receiveFile, removeReceived } from './receive-file.ts'

const oneDraft = { params: t.Object({ id: idSchema, draft_id: idSchema }) }
const checkEverySeconds = 2 // between two checks of a preview

export const draftPages = (app: App) => {
  const { db, clock, config, jobs } = app

  const openLeague = (id: number) => {
    const league = leagueById(db, id)
    requireUploadsOpen(league, clock.now())
    return league
  }
  const preview = (draft: UploadDraft) => {
    const mapping = draft.mapping ? JSON.stringify(draft.mapping) : undefined
    const options = { mapping, kind: draft.kind, worksheet: draft.worksheet ?? undefined }
    return previewUpload(app, leagueById(db, draft.leagueId), receivedDraft(draft), options)
  }

  async function draftPage(draft: UploadDraft, who: Who, refusal?: Refusal) {
    const trial = draft.trialJobId ? runById(db).get({ id: draft.trialJobId }) : undefined
    const league = leagueViewById(db, draft.leagueId, clock.now())
    const fault = refusal && (refusal.extra.errors?.[0]?.message ?? refusal.detail)
    const body = uploadDraftBody({ league, draft, preview: await preview(draft), fault, trial }, who)
    const isInProgress = trial?.status === 'PENDING' || trial?.status === 'PROGRESS'
    const reload = isInProgress && !refusal ? checkEverySeconds : undefined
    return page({ title: draft.filename, who, nav: 'leagues', body, reload }, refusal?.status)
  }

  async function newDraft(id: number, received: ReceivedFile, who: Who) {
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
  async function storeChoices(draft: UploadDraft, form: URLSearchParams): Promise<UploadDraft> {
    const [headers, roles, called] = ['header', 'role', 'called'].map(field => form.getAll(field))
    const choices = headers!.map(
      (header, i): ColumnChoice => ({
        header,
        role: roles![i] ?? 'none',
        called: called![i] ?? '',
      }),
    )
    const previewed = await preview(draft)
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
    await atomically(db, tx => changeDraft(tx, draft.id, change))
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

  async function tryDraft(draft: UploadDraft, who: Who) {
    const received = await linkForTrial(app, draft)
    const options = { ...uploadOptionsOf(draft), dry_run: 'true' as const }
    const { upload } = await acceptUpload(app, openLeague(draft.leagueId), received, options, who).catch(
      async error => {
        await removeReceived(config.dataDir, received)
        throw error
      },
    )
    await atomically(db, tx => changeDraft(tx, draft.id, { trialJobId: upload.jobId }))
    await jobs.tryDispatch(upload.jobId)
    return seeOther(`/leagues/${draft.leagueId}/uploads/drafts/${draft.id}`)
  }

  async function importDraft(draft: UploadDraft, who: Who) {
    const league = openLeague(draft.leagueId)
    const take = (tx: Db) => takeDraft(tx, draft.id)
    const options = uploadOptionsOf(draft)
    const { upload, isDuplicate } = await acceptUpload(app, league, receivedDraft(draft), options, who, take)
    if (isDuplicate) await removeReceived(config.dataDir, draft)
    else await jobs.tryDispatch(upload.jobId)
    return seeOther(`/leagues/${league.id}/uploads/${upload.id}`)
  }

  async function discardDraft(draft: UploadDraft) {
    await atomically(db, tx => takeDraft(tx, draft.id))
    await removeReceived(config.dataDir, draft)
    return seeOther(`/leagues/${draft.leagueId}/uploads`)
  }

  return pageRouter(app)
    .post(
      '/leagues/:id/uploads',
      async ({ params: { id }, request, who }) => {
        openLeague(id)
        const received = await receiveFile(request, app)
        try {
          const { id: draft } = await newDraft(id, received, signedIn(who))
          return seeOther(`/leagues/${id}/uploads/drafts/${draft}`)
        } catch (error) {
          await removeReceived(config.dataDir, received)
          throw error
        }
      },
      { params: idParams, parse: 'none', may: 'officer' },
    )
    .get(
      '/leagues/:id/uploads/drafts/:draft_id',
      ({ params: { id, draft_id }, who }) => draftPage(draftOf(db, id, draft_id, signedIn(who)), signedIn(who)),
      { ...oneDraft, may: 'officer' },
    )
    .post(
      '/leagues/:id/uploads/drafts/:draft_id',
      async ({ params: { id, draft_id }, request, who: asking }) => {
        const who = signedIn(asking)
        const draft = draftOf(db, id, draft_id, who)
        const form = new URLSearchParams(await request.text())
        if (form.get('do') === 'discard') return discardDraft(draft)
        try {
          const edited = await storeChoices(draft, form)
          if (edited.worksheet !== draft.worksheet) return seeOther(`/leagues/${id}/uploads/drafts/${draft_id}`)
          return await (form.get('do') === 'trial' ? tryDraft(edited, who) : importDraft(edited, who))
        } catch (error) {
          const imported = uploadOfFile(db, id, draft.file) // by the first of two clicks
          if (imported) return seeOther(`/leagues/${id}/uploads/${imported.id}`)
          const current = draftOf(db, id, draft_id, who) // refuses if it was discarded meanwhile, and its file with it
          if (!(error instanceof Refusal)) throw error
          return draftPage(current, who, error)
        }
      },
      { ...oneDraft, parse: 'none', may: 'officer' },
    )
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
