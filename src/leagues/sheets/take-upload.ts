/** Turns a received file into an upload: answered with 202, or with 200 if the same bytes were sent before. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import type { Who } from '../../platform/http/request-context.ts'
import type { League } from '../league.ts'
import { acceptUpload, checkedUploadForm, type UploadOptions } from './accept-upload.ts'
import { type Received, removeReceived } from './receive-file.ts'
import type { Upload } from './upload.ts'

export const accepted = t.Object({
  upload_id: t.Nullable(t.Integer()),
  job_id: t.String(),
  status: t.String(),
  poll_url: t.String(),
  duplicate: t.Optional(t.Boolean()),
})

const answerOf = (upload: Upload) => ({
  upload_id: upload.dryRun ? null : upload.id,
  job_id: upload.jobId,
  status: upload.status,
  poll_url: `/api/v1/jobs/status/${upload.jobId}`,
})

/** `leagueOf` may refuse; if anything goes wrong, the file is deleted. The query takes precedence over the form. */
export async function takeUpload(
  app: App,
  leagueOf: () => League,
  received: Received,
  query: UploadOptions,
  who: Who,
  set: { status?: number | string },
) {
  const { config, jobs } = app
  try {
    const options = { ...checkedUploadForm(received.fields), ...query }
    const { upload, isDuplicate, announcing } = await acceptUpload(app, leagueOf(), received, options, who)
    if (announcing) await jobs.tryDispatch(announcing)
    if (isDuplicate) {
      await removeReceived(config.dataDir, received)
      return { ...answerOf(upload), duplicate: true }
    }
    jobs.tryDispatch(upload.jobId) // the upload is stored: if the queue does not take the job now, the sweep adds it later
    set.status = 202
    return answerOf(upload)
  } catch (error) {
    await removeReceived(config.dataDir, received)
    throw error
  }
}
