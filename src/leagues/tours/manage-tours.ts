/** Changes to tours by officers. A feed's URL may contain a key: audits only have its origin. */
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert } from '../../alerts.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { alreadyTaken, refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { checkUrlField } from '../../platform/http/outgoing.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { clearFeedAlerts, stateOfNewUrl } from '../feeds/feed-state.ts'
import { unmatchedAlertKey } from './match-field.ts'
import {
  changeTour,
  deleteEvent,
  deleteTour,
  eventIdsOf,
  insertTour,
  touchBoards,
  tourWithSameName,
  unfinalLeaguesOn,
  updateMissingAlertKey,
} from './queries.ts'
import type { Tour } from './tour.ts'
import { tourFeed } from './tour-feed.ts'
import { updateNow } from './update-player-scores.ts'

type TourInput = { name: string; feed_url: string; format: Tour['format']; interval_s?: number }

export async function addTour(app: App, who: Who, given: TourInput & { slug: string }): Promise<Tour> {
  const { db, clock } = app
  checkUrlField('feed_url', 'feed', given.feed_url, app.config.allowPrivateFeeds)
  const { slug, name, feed_url, format, interval_s = 180 } = given
  const at = clock.now()
  const tour = await atomically(db, tx => {
    const values = { slug, name: name.trim(), feedUrl: feed_url, format, intervalS: interval_s }
    const tour = insertTour(tx, { ...values, createdBy: who.id, createdAt: at })
    if (!tour) return alreadyTaken('slug', `A tour ${slug} already exists`)
    refuseTakenTourName(tx, tour)
    audit(tx, { at, who, action: 'tour.create', target: `tour ${slug}`, detail: auditDetail(given) })
    touch(tx, 'tour', slug)
    return tour
  })
  await pollTourNow(app, tour, who)
  return tour
}

export async function editTour(app: App, who: Who, tour: Tour, given: Partial<TourInput>): Promise<void> {
  const { db, clock } = app
  if (given.feed_url !== undefined) checkUrlField('feed_url', 'feed', given.feed_url, app.config.allowPrivateFeeds)
  const isOther =
    (given.feed_url !== undefined && given.feed_url !== tour.feedUrl) ||
    (given.format !== undefined && given.format !== tour.format)
  const at = clock.now()
  const changed = await atomically(db, tx => {
    audit(tx, { at, who, action: 'tour.change', target: `tour ${tour.slug}`, detail: auditDetail(given) })
    touch(tx, 'tour', tour.slug)
    touch(tx, 'names')
    touchBoards(tx, tour) // they say when the feed fails
    if (isOther) clearFeedAlerts(tx, tourFeed(tour), at)
    const changed = changeTour(tx, tour.id, {
      name: given.name?.trim(),
      feedUrl: given.feed_url,
      format: given.format,
      intervalS: given.interval_s,
      ...(isOther && { ...stateOfNewUrl, failingSince: null, heldSince: null, acceptNext: false }),
    })
    if (changed && changed.name !== tour.name) refuseTakenTourName(tx, changed)
    return changed
  })
  if (isOther && changed) await pollTourNow(app, changed, who)
}

export async function removeTour({ db, clock }: App, who: Who, tour: Tour): Promise<void> {
  // An event at a time, because a season of scores takes seconds.
  for (const id of eventIdsOf(db, tour.id))
    await atomically(db, tx => {
      refuseWhileUsed(tx, tour)
      deleteEvent(tx, id)
    })
  await atomically(db, tx => {
    refuseWhileUsed(tx, tour)
    deleteTour(tx, tour.id)
    touch(tx, 'tour', tour.slug)
    clearFeedAlerts(tx, tourFeed(tour), clock.now())
    clearAlert(tx, clock.now(), updateMissingAlertKey(tour.slug))
    clearAlert(tx, clock.now(), unmatchedAlertKey(tour.slug))
    audit(tx, { at: clock.now(), who, action: 'tour.delete', target: `tour ${tour.slug}` })
  })
}

function refuseWhileUsed(tx: Db, { slug }: Tour): void {
  const waiting = unfinalLeaguesOn(tx, slug)
  if (waiting.length > 0)
    refuse('conflict', `Leagues use this tour: ${waiting.map(({ name }) => name).join(', ')}`, {
      leagues: waiting.map(({ id }) => id),
    })
}

/** Polls now, and accepts the board that is held back as it is. */
export async function acceptHeldBoard(app: App, who: Who, tour: Tour) {
  const { db, clock } = app
  if (tour.held === null) refuse('conflict', 'No board of this tour is held back')
  const at = clock.now()
  const accepting = { acceptNext: true, askedAt: null }
  await atomically(db, tx => {
    changeTour(tx, tour.id, accepting)
    audit(tx, { at, who, action: 'tour.accept', target: `tour ${tour.slug}`, detail: { held: tour.held } })
  })
  return updateNow(app, { ...tour, ...accepting }, who.id)
}

/** Alerts and jobs tell tours apart by name. */
function refuseTakenTourName(tx: Db, tour: Tour): void {
  const other = tourWithSameName(tx, tour)
  if (other) alreadyTaken('name', `The tour ${other.slug} is already called ${other.name}`)
}

const auditDetail = ({ feed_url, ...given }: Partial<TourInput>) => ({
  ...given,
  ...(feed_url !== undefined && { feed: URL.parse(feed_url)?.origin }),
})

/** The tour is stored even if the queue is down. */
const pollTourNow = (app: App, tour: Tour, who: Who) =>
  updateNow(app, tour, who.id).catch(error =>
    app.log.warn('A new feed could not be polled yet', { tour: tour.slug, error }),
  )
