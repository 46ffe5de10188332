/** Uploading without JavaScript: choose a file and its columns, preview and import it, and answer a held upload. */

import { t } from 'elysia'
import type { App } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import { signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { leagueViewById } from '../queries.ts'
import {
  discardUploadDraft,
  importDraft,
  newUploadDraft,
  openLeague,
  previewDraft,
  storeChoices,
  tryDraft,
} from './answer-draft.ts'
import { uploadDraftBody } from './draft-page.ts'
import { draftOf, type UploadDraft } from './drafts.ts'
import { uploadOfFile } from './queries.ts'
import { receiveFile, removeReceived } from './receive-file.ts'

const oneDraft = { params: t.Object({ id: idSchema, draft_id: idSchema }) }
const checkEverySeconds = 2 // between two checks of a preview

export const draftPages = (app: App) => {
  const { db, config } = app

  return pageRouter(app)
    .post(
      '/leagues/:id/uploads',
      async ({ params: { id }, request, who }) => {
        openLeague(app, id)
        const received = await receiveFile(request, app)
        try {
          const { id: draft } = await newUploadDraft(app, id, received, signedIn(who))
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
      ({ params: { id, draft_id }, who }) => draftPage(app, draftOf(db, id, draft_id, signedIn(who)), signedIn(who)),
      { ...oneDraft, may: 'officer' },
    )
    .post(
      '/leagues/:id/uploads/drafts/:draft_id',
      async ({ params: { id, draft_id }, request, who: asking }) => {
        const who = signedIn(asking)
        const draft = draftOf(db, id, draft_id, who)
        const form = new URLSearchParams(await request.text())
        if (form.get('do') === 'discard') {
          await discardUploadDraft(app, draft)
          return seeOther(`/leagues/${id}/uploads`)
        }
        try {
          const edited = await storeChoices(app, draft, form)
          const isAsShown = edited.worksheet === draft.worksheet
          if (isAsShown && form.get('do') !== 'trial') {
            const upload = await importDraft(app, edited, who)
            return seeOther(`/leagues/${id}/uploads/${upload.id}`)
          }
          if (isAsShown) await tryDraft(app, edited, who)
          return seeOther(`/leagues/${id}/uploads/drafts/${draft_id}`)
        } catch (error) {
          const imported = uploadOfFile(db, id, draft.file) // by the first of two clicks
          if (imported) return seeOther(`/leagues/${id}/uploads/${imported.id}`)
          const current = draftOf(db, id, draft_id, who) // refuses if it was discarded meanwhile, and its file with it
          if (!(error instanceof Refusal)) throw error
          return draftPage(app, current, who, error)
        }
      },
      { ...oneDraft, parse: 'none', may: 'officer' },
    )
}

async function draftPage(app: App, draft: UploadDraft, who: Who, refusal?: Refusal) {
  const { db, clock } = app
  const trial = draft.trialJobId ? runById(db).get({ id: draft.trialJobId }) : undefined
  const league = leagueViewById(db, draft.leagueId, clock.now())
  const fault = refusal && (refusal.extra.errors?.[0]?.message ?? refusal.detail)
  const body = uploadDraftBody({ league, draft, preview: await previewDraft(app, draft), fault, trial }, who)
  const isInProgress = trial?.status === 'PENDING' || trial?.status === 'PROGRESS'
  const reload = isInProgress && !refusal ? checkEverySeconds : undefined
  return page({ title: draft.filename, who, nav: 'leagues', body, reload }, refusal?.status)
}
