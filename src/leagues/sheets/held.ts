/** Sheets that are held because they look wrong, and the answers of officers. */
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { isAhead, iso, tooFarAhead } from '../../platform/clock.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { announceLater } from '../announce.ts'
import { type League, requireUnarchived } from '../league.ts'
import { leagueById } from '../queries.ts'
import { warmChangedBoard } from '../warm-up.ts'
import { requireBuildable, sentTooLate } from './buildable.ts'
import { changeUpload, publishedSnapshots, publishUpload, uploadById } from './queries.ts'
import { removeReceived } from './receive-file.ts'
import { requireSeason } from './retention.ts'
import { type Upload, whatChanged } from './upload.ts'

const alertKey = (uploadId: number) => `upload_held:${uploadId}`
export const clearHeldAlert = (tx: Db, now: number, uploadId: number) => clearAlert(tx, now, alertKey(uploadId))

/** The upload only waits: its snapshot exists, but no board uses it. */
export function holdUpload(tx: Db, now: number, league: League, upload: Upload, read: Partial<Upload>): Upload {
  const doubts = read.doubts ?? []
  const held =
    changeUpload(tx, upload.id, ['running'], { ...read, status: 'held' }) ??
    refuse('conflict', 'The upload is no longer being imported')
  raiseAlert(tx, now, {
    key: alertKey(upload.id),
    type: 'feed_held',
    severity: 'warning',
    title: `${upload.filename} is held`,
    message: `${league.name}: ${doubts.map(({ message }) => message).join('; ')}. Its page has the answers to choose from.`,
    data: { league_id: league.id, upload_id: upload.id },
  })
  return held
}

/** Publishes anyway, or with another time. Returns the upload, and the job that announces it. */
export function publishHeld(app: App, tx: Db, id: number, who: Who, takenAt?: number) {
  const now = app.clock.now()
  const { upload, league } = heldUpload(tx, id)
  if (takenAt !== undefined && isAhead(takenAt, now)) invalid('taken_at', tooFarAhead)
  const dated = takenAt === undefined ? {} : { takenAt, takenFrom: 'given' as const }
  const before = publishedSnapshots(tx, league.id)
  const done = publishUpload(tx, upload, { ...dated, doubts: null, finishedAt: now }, 'held')
  requireBuildable(app.sheets.boards.scores, before, publishedSnapshots(tx, league.id), sentTooLate)
  clearHeldAlert(tx, now, id)
  audit(tx, {
    at: now,
    who,
    action: 'upload.publish',
    target: `upload ${id}`,
    detail: { league_id: league.id, taken_at: iso(done.takenAt), doubts: upload.doubts },
  })
  return { upload: done, announcing: announceLater(app, tx, league, 'board', whatChanged(done)) }
}

export async function publishAndAnnounce(app: App, id: number, who: Who, takenAt?: number): Promise<Upload> {
  const { upload, announcing } = await atomically(app.db, tx => publishHeld(app, tx, id, who, takenAt))
  if (announcing) await app.jobs.tryDispatch(announcing)
  await warmChangedBoard(app, upload.leagueId)
  return upload
}

/** Boards never use it; its snapshot is deleted by retention. */
export async function discardHeld(app: App, id: number, who: Who): Promise<Upload> {
  const { file } = uploadById(app.db, id)
  const discarded = await atomically(app.db, tx => discard(tx, id, who, app.clock.now()))
  if (file) await removeReceived(app.config.dataDir, { file })
  return discarded
}

function discard(tx: Db, id: number, who: Who, now: number): Upload {
  const { upload, league } = heldUpload(tx, id)
  const discarded = changeUpload(tx, id, ['held'], {
    status: 'cancelled',
    error: 'Discarded while it was held',
    snapshotId: null,
    file: null,
    doubts: null,
  })
  clearHeldAlert(tx, now, id)
  audit(tx, {
    at: now,
    who,
    action: 'upload.discard',
    target: `upload ${id}`,
    detail: { league_id: league.id, doubts: upload.doubts },
  })
  return discarded ?? upload
}

/** Its league is not final: that waits for the answer. */
function heldUpload(tx: Db, id: number) {
  const upload = uploadById(tx, id)
  const league = leagueById(tx, upload.leagueId)
  if (upload.status !== 'held') refuse('conflict', `Only a held upload can be answered; this one is ${upload.status}`)
  requireUnarchived(league)
  return { upload, league }
}

/** Boards follow the corrected time. */
export function correctTakenAt(app: App, tx: Db, id: number, who: Who, takenAt: number): Upload {
  const now = app.clock.now()
  const upload = uploadById(tx, id)
  const league = leagueById(tx, upload.leagueId)
  requireSeason(league, now)
  if (isAhead(takenAt, now)) invalid('taken_at', tooFarAhead)
  const before = publishedSnapshots(tx, league.id)
  const changed =
    changeUpload(tx, id, ['queued', 'running', 'held', 'done'], { takenAt, takenFrom: 'given' }) ??
    refuse('conflict', `This upload is ${upload.status}, so no board uses it`)
  requireBuildable(app.sheets.boards.scores, before, publishedSnapshots(tx, league.id), sentTooLate)
  if (changed.status === 'done') touch(tx, 'scores', league.id)
  audit(tx, {
    at: now,
    who,
    action: 'upload.date',
    target: `upload ${id}`,
    detail: { league_id: league.id, from: iso(upload.takenAt), to: iso(takenAt) },
  })
  return changed
}
