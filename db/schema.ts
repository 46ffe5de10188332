/**
 * The tables of Fieldhouse, to be read top to bottom: people, leagues with their three kinds, the rota, jobs, monitoring.
 * Times are integer milliseconds since 1970 UTC; JSON columns hold plain data validated at the edge.
 * Some tables are maintained by `triggers.sql` next to this file. The full-text index `search_index`, which drizzle cannot describe, is
 * at the end of the first migration.
 */
import { sql } from 'drizzle-orm'
import { blob, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

const id = () => integer('id').primaryKey({ autoIncrement: true })
const time = (name: string) => integer(name)
const json = <T>(name: string) => text(name, { mode: 'json' }).$type<T>()

/** Rows of a league or a member of staff are deleted with them. Users are only anonymised. */
const ofUser = () =>
  integer('user_id')
    .notNull()
    .references(() => users.id)
const ofLeague = () =>
  integer('league_id')
    .notNull()
    .references(() => leagues.id, { onDelete: 'cascade' })
const ofStaff = () =>
  integer('staff_id')
    .notNull()
    .references(() => staff.id, { onDelete: 'cascade' })

// ── People ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const roles = ['member', 'officer', 'admin'] as const
export type Role = (typeof roles)[number]

export const users = sqliteTable(
  'users',
  {
    id: id(),
    email: text('email').notNull().unique(), // lower case
    username: text('username').notNull().unique(),
    passwordHash: text('password_hash').notNull(),
    role: text('role', { enum: roles }).notNull(),
    country: text('country'), // ISO 3166-1 alpha-2
    createdAt: time('created_at').notNull(),
    lastLoginAt: time('last_login_at'),
    lastSeenAt: time('last_seen_at'),
    deletedAt: time('deleted_at'), // the user is anonymised; ledgers and the audit log keep the id
  },
  t => [
    index('users_created').on(t.createdAt, t.country),
    index('users_seen').on(t.lastSeenAt),
    index('users_country').on(t.country),
    index('users_name').on(sql`lower(username)`).where(sql`deleted_at is null`),
  ],
)

export const sessions = sqliteTable(
  'sessions',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: ofUser(),
    csrfToken: text('csrf_token').notNull(),
    agent: text('agent'), // the browser's User-Agent
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(), // moves on with every use
  },
  t => [index('sessions_user').on(t.userId), index('sessions_expiry').on(t.expiresAt)],
)

export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: id(),
    userId: ofUser(),
    name: text('name').notNull(),
    role: text('role', { enum: roles }).notNull(),
    keyHash: text('key_hash').notNull().unique(),
    hint: text('hint').notNull(), // the first characters, to recognise it by
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
    expiresAt: time('expires_at'), // null: it works until it is revoked
  },
  t => [index('api_keys_user').on(t.userId)],
)

/** Browsers in which the user has signed in before. Failed attempts by others do not lock these out. */
export const knownDevices = sqliteTable(
  'known_devices',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: ofUser(),
    lastUsedAt: time('last_used_at').notNull(), // the last sign-in
  },
  t => [index('known_devices_user').on(t.userId, t.lastUsedAt)],
)

/** Links that let somebody choose a new password, once. */
export const passwordLinks = sqliteTable(
  'password_links',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: ofUser(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  t => [index('password_links_user').on(t.userId), index('password_links_expiry').on(t.expiresAt)],
)

export const mailKinds = ['invitation', 'password', 'picks', 'final', 'certificate', 'roster', 'alert'] as const
export type MailKind = (typeof mailKinds)[number]

/** Kinds of mail that the owner of an address has turned off; the address needs no account. */
export const mailOptOuts = sqliteTable(
  'mail_opt_outs',
  { addressHash: text('address_hash').notNull(), kind: text('kind', { enum: mailKinds }).notNull() },
  t => [primaryKey({ columns: [t.addressHash, t.kind] })],
)

/** Mails that are sent once per occasion, for example when picks of a league close, to each member. */
export const mailOccasions = sqliteTable(
  'mail_occasions',
  { key: text('key').primaryKey(), at: time('at').notNull() },
  t => [index('mail_occasions_at').on(t.at)],
)

/** Attempts at a password, counted across all processes. */
export const attempts = sqliteTable(
  'attempts',
  {
    key: text('key').primaryKey(), // the hash of what is counted: an account, an address or a device
    used: integer('used').notNull(),
    endsAt: time('ends_at').notNull(),
    most: integer('most'), // further ones are refused
    userId: integer('user_id'), // the account that is locked out, if there is one
  },
  t => [index('attempts_end').on(t.endsAt), index('attempts_user').on(t.userId).where(sql`user_id is not null`)],
)

// ── Leagues ─────────────────────────────────────────────────────────────────────────────────────────────────────

export const leagueKinds = ['sheet', 'tour', 'market'] as const
export type Kind = (typeof leagueKinds)[number]

export const leagues = sqliteTable(
  'leagues',
  {
    id: id(),
    name: text('name').notNull(),
    kind: text('kind', { enum: leagueKinds }).notNull(),
    startsAt: time('starts_at').notNull(),
    endsAt: time('ends_at').notNull(),
    config: json<Record<string, unknown>>('config').notNull(),
    createdBy: integer('created_by'), // null: the operator
    createdAt: time('created_at').notNull(),
    finalizedAt: time('finalized_at'),
    finalHash: text('final_hash'), // sha256 of the frozen board
    archivedAt: time('archived_at'),
  },
  t => [
    index('leagues_kind').on(t.kind, t.startsAt),
    index('leagues_created').on(t.createdAt),
    index('leagues_ends').on(t.archivedAt, t.endsAt), // when the next league ends
    // covers the list, newest first, and the count of public leagues, without reading any row of the table
    index('leagues_newest').on(t.archivedAt, t.startsAt, t.id, sql`config ->> '$.public'`),
    index('leagues_tour').on(t.kind, sql`config ->> '$.tour'`),
  ],
)

/** A link that lets people make an account, or join a league with the one they have. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: id(),
    tokenHash: text('token_hash').notNull().unique(),
    leagueId: integer('league_id').references(() => leagues.id, { onDelete: 'cascade' }), // null: an invitation to the installation
    uses: integer('uses').notNull().default(0),
    maxUses: integer('max_uses').notNull(),
    createdBy: integer('created_by'), // null: the operator
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    endedAt: time('ended_at'), // by an officer
    email: text('email'), // null: the link was handed to the officer
    mailedAt: time('mailed_at'),
    mailError: text('mail_error'), // why it could not be mailed
  },
  t => [index('invitations_league').on(t.leagueId, t.id), index('invitations_expiry').on(t.expiresAt)],
)

export const members = sqliteTable(
  'members',
  {
    leagueId: ofLeague(),
    userId: ofUser(),
    joinedAt: time('joined_at').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.userId] }), index('members_user').on(t.userId)],
)

/** What was last announced to a league's webhook. */
export const leagueAnnouncements = sqliteTable('league_announcements', {
  leagueId: integer('league_id')
    .primaryKey()
    .references(() => leagues.id, { onDelete: 'cascade' }),
  leaders: json<string[]>('leaders').notNull(), // player_ids
})

/** How each address that was a league's webhook took its messages. */
export const webhookDeliveries = sqliteTable(
  'webhook_deliveries',
  {
    leagueId: integer('league_id')
      .notNull()
      .references(() => leagues.id, { onDelete: 'cascade' }),
    addressHash: text('address_hash').notNull(), // the address is a password
    deliveredAt: time('delivered_at'), // the last time it took one
    failedRun: text('failed_run'), // whose message it did not take, unless it took one since
  },
  t => [primaryKey({ columns: [t.leagueId, t.addressHash] })],
)

/** The board of a final league. Later feeds and sheets do not change it. */
export const frozenBoards = sqliteTable('frozen_boards', {
  leagueId: integer('league_id')
    .primaryKey()
    .references(() => leagues.id, { onDelete: 'cascade' }),
  content: blob('content', { mode: 'buffer' }).notNull(), // JSON compressed with zstd; its sha256 is the league's final_hash
})

// ── Sheets ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const uploadKinds = ['baseline', 'current', 'extra'] as const
export type UploadKind = (typeof uploadKinds)[number]
export const uploadModes = ['partial', 'strict'] as const
export const uploadStates = ['queued', 'running', 'held', 'done', 'failed', 'cancelled', 'undone'] as const

export type UploadSummary = {
  players: number
  new: number
  missing: number
  renamed: number
  suspicious: number
  duplicates: number
  /** Players of an extra sheet who are not in the newest scan. */
  unknown?: number
  warnings: string[]
}

/** Where the date of a sheet comes from. */
export const dateSources = ['given', 'sheet', 'filename', 'sent'] as const

/** Why a sheet is held until an officer answers. */
export type UploadDoubt = {
  reason: 'missing' | 'went_down' | 'columns' | 'unknown' | 'second_table'
  count: number
  of: number
  message: string
}

/** A file sent to a sheet league. Its numbers are the snapshot `snapshot_id` in `scores.db`, which counts while the upload is `done`. */
export const uploads = sqliteTable(
  'uploads',
  {
    id: id(),
    leagueId: ofLeague(),
    kind: text('kind', { enum: uploadKinds }).notNull(),
    mode: text('mode', { enum: uploadModes }).notNull(),
    dryRun: integer('dry_run', { mode: 'boolean' }).notNull().default(false), // such a row is deleted when its job ends
    filename: text('filename').notNull(),
    file: text('file'), // its name under DATA_DIR/uploads; null once it was deleted
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    givenMapping: json<Record<string, string | null>>('given_mapping'), // sorted by header, so that equal mappings are equal texts
    givenWorksheet: text('given_worksheet'), // null: the one that fits
    status: text('status', { enum: uploadStates }).notNull(),
    jobId: text('job_id').notNull(),
    uploadedBy: integer('uploaded_by'), // null: the operator
    takenAt: time('taken_at').notNull(),
    takenFrom: text('taken_from', { enum: dateSources }).notNull().default('sent'),
    createdAt: time('created_at').notNull(),
    finishedAt: time('finished_at'),
    undoneAt: time('undone_at'),
    snapshotId: integer('snapshot_id'),
    format: text('format'),
    worksheet: text('worksheet'), // that was read; null for a text file
    mapping: json<Record<string, string>>('mapping'),
    rowsTotal: integer('rows_total'),
    rowsOk: integer('rows_ok'),
    rowsBad: integer('rows_bad'),
    error: text('error'),
    summary: json<UploadSummary>('summary'),
    force: integer('force', { mode: 'boolean' }).notNull().default(false), // published despite doubts
    doubts: json<UploadDoubt[]>('doubts'), // set while it is held
  },
  t => [
    index('uploads_league').on(t.leagueId, t.createdAt),
    index('uploads_same_bytes')
      .on(t.leagueId, t.kind, t.mode, t.sha256)
      .where(sql`status in ('queued', 'running', 'held', 'done') and not dry_run`),
    index('uploads_created').on(t.createdAt),
    index('uploads_taken').on(t.takenAt), // every upload checks for dates ahead of the clock
  ],
)

/** The mapping last chosen for sheets with these headings; the league's next such sheet uses it. */
export const sheetMappings = sqliteTable(
  'sheet_mappings',
  {
    leagueId: ofLeague(),
    headings: text('headings').notNull(), // a hash of all headings
    mapping: json<Record<string, string | null>>('mapping').notNull(),
    usedAt: time('used_at').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.headings] })],
)

/**
 * A file chosen in a browser without JavaScript, with the mapping of its columns. It waits here until it is imported, or is
 * deleted the next day.
 */
export const uploadDrafts = sqliteTable(
  'upload_drafts',
  {
    id: id(),
    leagueId: ofLeague(),
    userId: integer('user_id'), // who chose it; null: the operator
    filename: text('filename').notNull(),
    file: text('file').notNull(), // its name under DATA_DIR/uploads
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    kind: text('kind', { enum: uploadKinds }).notNull(),
    mode: text('mode', { enum: uploadModes }).notNull(),
    takenAt: time('taken_at'), // null: taken from the sheet or its file name
    mapping: json<Record<string, string | null>>('mapping'), // null: as recognised
    worksheet: text('worksheet'), // null: the one that fits
    trialJobId: text('trial_job_id'),
    createdAt: time('created_at').notNull(),
  },
  t => [index('upload_drafts_league').on(t.leagueId), index('upload_drafts_created').on(t.createdAt)],
)

export const markReasons = ['farm', 'vacation', 'other'] as const

/** Marks that officers set on players of a sheet league, and whether a marked player counts in ranks and totals. */
export const playerMarks = sqliteTable(
  'player_marks',
  {
    leagueId: ofLeague(),
    playerId: text('player_id').notNull(),
    reason: text('reason', { enum: markReasons }).notNull(),
    farmOf: text('farm_of'), // the player id of the main account that this farm belongs to
    note: text('note'),
    counted: integer('counted', { mode: 'boolean' }).notNull(),
    markedBy: integer('marked_by'), // null: the operator
    markedAt: time('marked_at').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.playerId] })],
)

type UploadError = { line: number; column: string; value: string; reason: string }

/** Errors in the lines of an upload, some hundred to a row: one row each would hold the write lock too long. */
export const uploadErrors = sqliteTable(
  'upload_errors',
  {
    uploadId: integer('upload_id')
      .notNull()
      .references(() => uploads.id, { onDelete: 'cascade' }),
    first: integer('first').notNull(), // index of its first item among all errors of the upload
    items: json<UploadError[]>('items').notNull(),
  },
  t => [primaryKey({ columns: [t.uploadId, t.first] })],
)

// ── Tours ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const feedFormats = ['fieldhouse', 'datagolf', 'espn'] as const
export const eventStates = ['upcoming', 'in_progress', 'suspended', 'round_complete', 'official', 'cancelled'] as const
export const golferStates = ['active', 'finished', 'cut', 'wd', 'dq'] as const

/** A live score feed, and the state of polling it. */
export const tours = sqliteTable('tours', {
  id: id(),
  slug: text('slug').notNull().unique(),
  name: text('name').notNull(),
  feedUrl: text('feed_url').notNull(), // may hold a key
  format: text('format', { enum: feedFormats }).notNull(),
  intervalS: integer('interval_s').notNull(),
  eventId: integer('event_id'), // the event that the feed currently shows
  askedAt: time('asked_at'),
  checkedAt: time('checked_at'), // when an answer was last accepted, "nothing has changed" included
  etag: text('etag'),
  lastModified: text('last_modified'),
  failures: integer('failures').notNull().default(0), // in a row
  error: text('error'), // of the last one
  failingSince: time('failing_since'),
  held: text('held'), // why the last answer was held back
  heldSince: time('held_since'),
  acceptNext: integer('accept_next', { mode: 'boolean' }).notNull().default(false), // an officer accepted what is held back
  createdBy: integer('created_by'), // null: the operator
  createdAt: time('created_at').notNull(),
})

export const fieldSources = ['feed', 'hand'] as const

/** A tournament from a feed, or an upcoming one whose field was entered by hand. */
export const tourEvents = sqliteTable(
  'tour_events',
  {
    id: id(),
    tourId: integer('tour_id')
      .notNull()
      .references(() => tours.id, { onDelete: 'cascade' }),
    feedId: text('feed_id'),
    name: text('name').notNull(),
    round: integer('round'),
    status: text('status', { enum: eventStates }).notNull(),
    version: text('version'),
    firstSeenAt: time('first_seen_at').notNull(),
    begunAt: time('begun_at'), // when the feed first showed a stroke
    changedAt: time('changed_at').notNull(), // when a score, a golfer or the state last changed; never goes back
    movedAt: time('moved_at').notNull(), // when a score last changed; boards show movement since just before that
    source: text('source', { enum: fieldSources }).notNull().default('feed'),
    checkedAt: time('checked_at'), // when an answer about it was last accepted; later than that of its tour while another event is held back
    held: text('held'), // why the last answer about it was held back, while its tour is held
    droppedAt: time('dropped_at'), // when the feed no longer had it; null while it has
    turnedInto: integer('turned_into'), // for a field entered by hand: the feed's own event, once there is one
  },
  t => [index('tour_events_tour').on(t.tourId, t.changedAt)],
)

/** A golfer's scores from `since` until `until`: a change ends the row and starts another. The row without an end is current. */
export const golfers = sqliteTable(
  'golfers',
  {
    eventId: integer('event_id')
      .notNull()
      .references(() => tourEvents.id, { onDelete: 'cascade' }),
    playerId: text('player_id').notNull(),
    since: time('since').notNull(),
    until: time('until'), // exclusive
    name: text('name').notNull(),
    position: text('position'),
    total: integer('total'),
    today: integer('today'),
    thru: integer('thru'),
    round: integer('round'),
    rounds: json<[number | null, number | null, number | null, number | null]>('rounds').notNull(),
    status: text('status', { enum: golferStates }).notNull(),
    teeTime: text('tee_time'), // ISO 8601
  },
  t => [
    primaryKey({ columns: [t.eventId, t.playerId, t.since] }),
    index('golfers_until').on(t.eventId, t.until, t.since),
  ],
)

/** A golfer of a field before play: their ranking, and if entered by hand, their id on the feed. */
export const fieldPlayers = sqliteTable(
  'field_players',
  {
    eventId: integer('event_id')
      .notNull()
      .references(() => tourEvents.id, { onDelete: 'cascade' }),
    playerId: text('player_id').notNull(),
    rank: integer('rank'), // in the world, from 1
    odds: real('odds'), // decimal odds: the payout of a stake of 1
    feedPlayerId: text('feed_player_id'), // null: not found on the feed
    absent: integer('absent', { mode: 'boolean' }).notNull().default(false), // an officer marked them as not playing
  },
  t => [primaryKey({ columns: [t.eventId, t.playerId] })],
)

/** A member's team of picks in a tour league. */
export const entries = sqliteTable(
  'entries',
  {
    id: id(),
    leagueId: ofLeague(),
    userId: ofUser(),
    name: text('name').notNull(),
    picks: json<string[]>('picks').notNull(), // player ids
    tiebreaker: integer('tiebreaker'), // guess of the winning total, to par
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  t => [uniqueIndex('entries_name').on(t.leagueId, sql`lower(${t.name})`), index('entries_user').on(t.userId)],
)

// ── Markets ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The newest quote of every symbol. */
export const quotes = sqliteTable(
  'quotes',
  {
    id: id(),
    symbol: text('symbol').notNull().unique(), // upper case
    priceCents: integer('price_cents').notNull(),
    asOf: time('as_of').notNull(), // when the price was made, according to its source
    receivedAt: time('received_at').notNull(),
    /** The price at the start of the UTC day of `received_at`; for a new symbol, its first price. After a split it has parts of a cent. */
    openCents: integer('open_cents').notNull(),
    seq: integer('seq').notNull(), // every write takes the table's next number, so that readers fetch only what is new
    setBy: integer('set_by'), // null: the operator or a feed
    priceId: integer('price_id').notNull().default(0), // of `prices`
  },
  t => [index('quotes_seq').on(t.seq)],
)

/** Every price of a symbol in the last days, from `received_at` until the next one came in. */
export const prices = sqliteTable(
  'prices',
  {
    id: integer('id').primaryKey(), // grows with time
    symbol: text('symbol').notNull(),
    priceCents: integer('price_cents').notNull(),
    asOf: time('as_of').notNull(),
    receivedAt: time('received_at').notNull(),
    until: time('until'), // null: the newest
    confirmedAt: time('confirmed_at'), // set when it ends: the newest `as_of` at which the same price was sent again
    setBy: integer('set_by'), // null: the operator or a feed
    voidedAt: time('voided_at'),
  },
  t => [
    index('prices_symbol').on(t.symbol, t.id),
    index('prices_until').on(t.until).where(sql`until is not null`),
    index('prices_voided').on(t.symbol).where(sql`voided_at is not null`),
  ],
)

/** The last price of every symbol on each UTC day that has one, adjusted for splits. */
export const dailyPrices = sqliteTable(
  'daily_prices',
  {
    symbol: text('symbol').notNull(),
    day: time('day').notNull(),
    closeCents: integer('close_cents').notNull(),
  },
  t => [primaryKey({ columns: [t.symbol, t.day] }), index('daily_prices_day').on(t.day)],
)

/** The newest price of a symbol, if it moved so far that an officer has to accept it. */
export const heldPrices = sqliteTable('held_prices', {
  id: id(),
  symbol: text('symbol').notNull().unique(),
  priceCents: integer('price_cents').notNull(),
  beforeCents: integer('before_cents').notNull(), // the price in force until it is accepted
  asOf: time('as_of').notNull(),
  receivedAt: time('received_at').notNull(),
  setBy: integer('set_by'), // null: the operator or a feed
})

export const symbolActionKinds = ['void', 'split', 'dividend', 'undo'] as const

/** Corrections of a symbol that changed ledgers: a voided price, a split, a dividend, or a dividend taken back. */
export const symbolActions = sqliteTable(
  'symbol_actions',
  {
    id: id(),
    symbol: text('symbol').notNull(),
    kind: text('kind', { enum: symbolActionKinds }).notNull(),
    at: time('at').notNull(),
    by: integer('by'), // null: the operator
    reason: text('reason'),
    priceId: integer('price_id'), // of the wrong price
    cents: integer('cents').notNull(), // the wrong price, the price before the split, or the dividend per share
    sharesTo: integer('shares_to'), // of a split: this many new shares …
    sharesFrom: integer('shares_from'), // … for this many old ones
    undoes: integer('undoes'), // the dividend taken back
    lines: integer('lines').notNull(), // ledger lines it has written
    kept: integer('kept').notNull().default(0), // wrong lines that stay while their league is final
  },
  t => [index('symbol_actions_symbol').on(t.symbol, t.id)],
)

/** A feed that quotes are polled from. */
export const quoteFeeds = sqliteTable('quote_feeds', {
  id: id(),
  name: text('name').notNull(),
  url: text('url').notNull().unique(), // may hold a key
  intervalS: integer('interval_s').notNull(),
  askedAt: time('asked_at'),
  answeredAt: time('answered_at'), // when an answer was last accepted
  etag: text('etag'),
  lastModified: text('last_modified'),
  failures: integer('failures').notNull().default(0), // in a row
  error: text('error'), // of the last one
  held: text('held'), // why the last answer was held back
  unread: text('unread', { mode: 'json' }).$type<UnreadQuotes>(), // of the last answer that was taken
  createdBy: integer('created_by'), // null: the operator
  createdAt: time('created_at').notNull(),
})

/** How many quotes of an answer cannot be read, and the first ones. */
export type UnreadQuotes = { count: number; first: { symbol: string | null; message: string }[] }

export type OptionContract = {
  strike_cents: number
  type: 'call' | 'put'
  bid_cents: number | null
  ask_cents: number | null
  open_interest: number | null
}

/** The options on a symbol that expire on one day. A new chain replaces the whole row. */
export const optionChains = sqliteTable(
  'option_chains',
  {
    symbol: text('symbol').notNull(),
    expiration: text('expiration').notNull(), // 2026-03-20
    asOf: time('as_of').notNull(),
    receivedAt: time('received_at').notNull(),
    contracts: json<OptionContract[]>('contracts').notNull(), // by strike, calls before puts
  },
  t => [primaryKey({ columns: [t.symbol, t.expiration] })],
)

/*
 * Market leagues. Cash, holdings and the sums follow from the ledger and could be rebuilt from it at any time.
 * These rows have no foreign key to their league: a league may have a million of them, and they are deleted in small steps.
 */

/** A member's money in a market league. */
export const portfolios = sqliteTable(
  'portfolios',
  {
    leagueId: integer('league_id').notNull(),
    userId: integer('user_id').notNull(),
    grantedCents: integer('granted_cents').notNull(), // the starting cash
    cashCents: integer('cash_cents').notNull(),
    realisedCents: integer('realised_cents').notNull().default(0), // before fees
    feesCents: integer('fees_cents').notNull().default(0),
    trades: integer('trades').notNull().default(0),
    volumeCents: integer('volume_cents').notNull().default(0), // bought and sold
    corrections: integer('corrections').notNull().default(0), // ledger lines other than the grant and trades
    createdAt: time('created_at').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.userId] }), index('portfolios_user').on(t.userId)],
)

/** A portfolio's position in a symbol. A closed one stays, for its gain. A quantity below 0 is sold short. */
export const holdings = sqliteTable(
  'holdings',
  {
    leagueId: integer('league_id').notNull(),
    userId: integer('user_id').notNull(),
    symbol: text('symbol').notNull(),
    quantity: integer('quantity').notNull(),
    costCents: integer('cost_cents').notNull(), // paid for what is held; below 0: received for what is sold short
    realisedCents: integer('realised_cents').notNull().default(0),
  },
  t => [
    primaryKey({ columns: [t.leagueId, t.userId, t.symbol] }),
    index('holdings_symbol').on(t.symbol, t.leagueId).where(sql`quantity <> 0`),
  ],
)

export const ledgerKinds = ['grant', 'buy', 'sell', 'undo', 'split', 'dividend'] as const
export type LedgerKind = (typeof ledgerKinds)[number]

/** Every change of cash and holdings. Append-only: triggers refuse updates, and deletes while the league exists. */
export const ledger = sqliteTable(
  'ledger',
  {
    id: id(),
    leagueId: integer('league_id').notNull(),
    userId: integer('user_id').notNull(),
    at: time('at').notNull(),
    kind: text('kind', { enum: ledgerKinds }).notNull(),
    symbol: text('symbol'), // null: a grant
    quantity: integer('quantity').notNull(), // bought above 0, sold below
    priceCents: integer('price_cents'), // of a dividend: per share
    feeCents: integer('fee_cents').notNull(),
    cashCents: integer('cash_cents').notNull(), // received above 0, paid below, fee included
    cashAfterCents: integer('cash_after_cents').notNull(),
    quantityAfter: integer('quantity_after').notNull(),
    realisedCents: integer('realised_cents').notNull(), // before the fee
    priceId: integer('price_id'), // of a trade: the price it was made at
    undoes: integer('undoes'), // the line that this one takes back
    actionId: integer('action_id'), // the symbol action behind a line that is no trade
  },
  t => [
    uniqueIndex('ledger_undoes').on(t.undoes).where(sql`undoes is not null`),
    index('ledger_price').on(t.priceId).where(sql`price_id is not null`),
    index('ledger_action').on(t.actionId).where(sql`action_id is not null`),
    index('ledger_league').on(t.leagueId, t.id),
    index('ledger_portfolio').on(t.leagueId, t.userId, t.id),
    index('ledger_user').on(t.userId, t.at, t.kind).where(sql`symbol is not null`), // with the kind, because each order counts trades
    index('ledger_at').on(t.at),
  ],
)

export type OrderRefusal = {
  code: 'conflict' | 'invalid'
  detail: string
  facts: { errors?: { path: string; message: string }[]; [fact: string]: unknown }
}

/** The outcome of an order by its Idempotency-Key, kept for a day. */
export const orderKeys = sqliteTable(
  'order_keys',
  {
    leagueId: integer('league_id').notNull(),
    userId: integer('user_id').notNull(),
    key: text('key').notNull(),
    order: text('order').notNull(), // for example: buy 5 ACME
    lineId: integer('line_id'), // of the ledger; null: the order was refused
    refusal: json<OrderRefusal>('refusal'),
    createdAt: time('created_at').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.userId, t.key] }), index('order_keys_created').on(t.createdAt)],
)

/** The value of a portfolio at the start of each UTC day. */
export const dailyValues = sqliteTable(
  'daily_values',
  {
    leagueId: integer('league_id').notNull(),
    userId: integer('user_id').notNull(),
    day: time('day').notNull(),
    totalCents: integer('total_cents').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.userId, t.day] })],
)

/** The highest and the average of those values, for comparison. */
export const dailyBoardValues = sqliteTable(
  'daily_board_values',
  {
    leagueId: integer('league_id').notNull(),
    day: time('day').notNull(),
    bestCents: integer('best_cents').notNull(),
    averageCents: integer('average_cents').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.day] })],
)

/** Prices at the moment a market league became final; its portfolios keep being valued by them. */
export const closingQuotes = sqliteTable(
  'closing_quotes',
  {
    leagueId: integer('league_id').notNull(),
    symbol: text('symbol').notNull(),
    priceCents: integer('price_cents').notNull(),
    asOf: time('as_of').notNull(),
  },
  t => [primaryKey({ columns: [t.leagueId, t.symbol] })],
)

// ── The rota ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What approves a swap once a colleague has taken the duty: an officer, or the rules of work alone. */
export const swapRules = ['officer', 'rules'] as const

export const sites = sqliteTable('sites', {
  id: id(),
  name: text('name').notNull().unique(),
  timezone: text('timezone').notNull(), // IANA
  swaps: text('swaps', { enum: swapRules }).notNull().default('officer'),
  restHours: real('rest_hours').notNull().default(10), // between two shifts, if at least one is at this site
  rules: json<StoredRules>('rules').notNull().default({}),
  createdAt: time('created_at').notNull(),
})

type StoredLimit = { limit: number; weeks?: number; price_cents?: number } // without a price it is a hard limit

/** Rules of work: `src/rota/rules-of-work.ts` says what each means. */
type StoredRules = {
  counted_from?: string
  least_hours?: StoredLimit
  most_hours?: StoredLimit
  least_days_in_row?: StoredLimit
  most_days_in_row?: StoredLimit
  least_days_off_in_row?: StoredLimit
  most_weekends?: StoredLimit
  most_of_kind?: (StoredLimit & { kind: string })[]
  successions?: { kind: string; next: string; price_cents?: number }[]
  rest_hours?: number
}

type StoredWish = {
  want: 'prefer' | 'avoid'
  site_id?: number
  weekday?: number
  date?: string
  from?: string
  to?: string
  weight?: number
}

export const staff = sqliteTable(
  'staff',
  {
    id: id(),
    name: text('name').notNull(),
    userId: integer('user_id').references(() => users.id, { onDelete: 'set null' }), // the account that sees these shifts as its own
    skills: json<string[]>('skills').notNull(),
    maxHoursWeek: real('max_hours_week').notNull(),
    hourlyCents: integer('hourly_cents').notNull(),
    preferences: json<StoredWish[]>('preferences').notNull(),
    rules: json<StoredRules>('rules').notNull().default({}),
    active: integer('active', { mode: 'boolean' }).notNull().default(true), // false: no longer planned, but still on past rosters
    createdAt: time('created_at').notNull(),
  },
  t => [uniqueIndex('staff_user').on(t.userId)],
)

/** A certificate of a member of staff, valid through the day `expires_on`. */
export const certifications = sqliteTable(
  'certifications',
  {
    staffId: ofStaff(),
    name: text('name').notNull(),
    expiresOn: text('expires_on').notNull(), // 2026-03-20
  },
  t => [primaryKey({ columns: [t.staffId, t.name, t.expiresOn] }), index('certifications_expiry').on(t.expiresOn)],
)

/** An absence that an officer entered: two days, both included, or two moments, the second excluded. */
export const unavailability = sqliteTable(
  'unavailability',
  {
    id: id(),
    staffId: ofStaff(),
    from: text('from').notNull(), // 2026-03-20, or ISO 8601 in UTC
    to: text('to').notNull(),
  },
  t => [index('unavailability_staff').on(t.staffId)],
)

export const shifts = sqliteTable(
  'shifts',
  {
    id: id(),
    siteId: integer('site_id')
      .notNull()
      .references(() => sites.id, { onDelete: 'cascade' }),
    day: text('day').notNull(), // the day it starts, in the site's time zone; date ranges compare with it
    startsAt: time('starts_at').notNull(),
    endsAt: time('ends_at').notNull(),
    skill: text('skill'),
    certification: text('certification'),
    headcount: integer('headcount').notNull(),
    kind: text('kind'), // for rules of work: early, late, night
    skills: json<string[]>('skills').notNull().default([]), // in addition to `skill`
    underCents: integer('under_cents'), // penalty for each missing person; null: the place counts as open
    most: integer('most'), // at most this many people; null: the headcount
    overCents: integer('over_cents'), // penalty for each person beyond the headcount
    createdAt: time('created_at').notNull(),
  },
  t => [
    index('shifts_day').on(t.day, t.siteId),
    index('shifts_site').on(t.siteId, t.startsAt),
    index('shifts_start').on(t.startsAt),
  ],
)

/** Who works which shift. A pinned assignment stays when a new roster is confirmed. */
export const assignments = sqliteTable(
  'assignments',
  {
    id: id(),
    shiftId: integer('shift_id')
      .notNull()
      .references(() => shifts.id, { onDelete: 'cascade' }),
    staffId: ofStaff(),
    pinned: integer('pinned', { mode: 'boolean' }).notNull(),
    createdAt: time('created_at').notNull(),
  },
  t => [uniqueIndex('assignments_once').on(t.shiftId, t.staffId), index('assignments_staff').on(t.staffId)],
)

/** A request to work a shift, or not to. Not granting it costs its price. */
export const shiftRequests = sqliteTable(
  'shift_requests',
  {
    staffId: ofStaff(),
    shiftId: integer('shift_id')
      .notNull()
      .references(() => shifts.id, { onDelete: 'cascade' }),
    want: text('want', { enum: ['on', 'off'] }).notNull(),
    priceCents: integer('price_cents').notNull(),
  },
  t => [primaryKey({ columns: [t.staffId, t.shiftId] }), index('shift_requests_shift').on(t.shiftId)],
)

/** A roster generated by a job, for an officer to check and publish. */
export const rosterDrafts = sqliteTable(
  'roster_drafts',
  {
    jobId: text('job_id').primaryKey(),
    startDate: text('start_date').notNull(),
    endDate: text('end_date').notNull(),
    siteIds: json<number[]>('site_ids').notNull(),
    algorithm: text('algorithm').notNull(),
    seed: integer('seed').notNull(),
    content: json<unknown>('content').notNull(), // assignments, unfilled places and summary
    createdBy: integer('created_by'), // null: the operator
    createdAt: time('created_at').notNull(),
    confirmedAt: time('confirmed_at'),
    name: text('name'),
    changes: integer('changes').notNull().default(0), // made by hand since it was generated
  },
  t => [index('roster_drafts_created').on(t.createdAt)],
)

/** The shifts of a week, as a template for other weeks. */
export const weekTemplates = sqliteTable('week_templates', {
  id: id(),
  name: text('name').notNull().unique(),
  monday: text('monday').notNull(), // of the week it was saved from; the times in `shifts` are in that week
  shifts: json<unknown[]>('shifts').notNull(), // each with the people on it
  createdAt: time('created_at').notNull(),
})

/** The private address of a person's calendar. */
export const calendarAddresses = sqliteTable('calendar_addresses', {
  staffId: integer('staff_id')
    .primaryKey()
    .references(() => staff.id, { onDelete: 'cascade' }),
  tokenHash: text('token_hash').notNull().unique(),
  createdAt: time('created_at').notNull(),
})

export const leaveStates = ['pending', 'approved', 'declined', 'withdrawn'] as const

/** A request for leave. While it is approved, it is an absence too. */
export const leaveRequests = sqliteTable(
  'leave_requests',
  {
    id: id(),
    staffId: ofStaff(),
    from: text('from').notNull(), // inclusive, like `to`: 2026-03-20
    to: text('to').notNull(),
    note: text('note'),
    state: text('state', { enum: leaveStates }).notNull().default('pending'),
    reason: text('reason'), // given by the officer who decided
    createdAt: time('created_at').notNull(),
    decidedAt: time('decided_at'),
  },
  t => [index('leave_requests_staff').on(t.staffId, t.from), index('leave_requests_state').on(t.state, t.from)],
)

/** A duty offered to colleagues. It is deleted with the duty, so every offer is valid. */
export const swapOffers = sqliteTable(
  'swap_offers',
  {
    id: id(),
    assignmentId: integer('assignment_id')
      .notNull()
      .unique()
      .references(() => assignments.id, { onDelete: 'cascade' }),
    note: text('note'),
    createdAt: time('created_at').notNull(),
    takenBy: integer('taken_by').references(() => staff.id, { onDelete: 'set null' }),
    inReturn: integer('in_return').references(() => assignments.id, { onDelete: 'set null' }), // a duty of the person who takes it
    takenAt: time('taken_at'),
  },
  t => [index('swap_offers_taken').on(t.takenBy), index('swap_offers_return').on(t.inReturn)],
)

/** Notices to a person about their own shifts, leave and swaps. */
export const staffNotices = sqliteTable(
  'staff_notices',
  {
    id: id(),
    staffId: ofStaff(),
    at: time('at').notNull(),
    kind: text('kind', { enum: ['roster', 'certificate'] })
      .notNull()
      .default('roster'), // the kind of mail that carries it
    message: text('message').notNull(),
    seenAt: time('seen_at'),
    mailedAt: time('mailed_at'),
  },
  t => [
    index('staff_notices_staff').on(t.staffId, t.id),
    index('staff_notices_at').on(t.at),
    index('staff_notices_unmailed').on(t.id).where(sql`mailed_at is null and seen_at is null`),
  ],
)

/** Alerts already raised about an expiring certificate, by days left, so that each is raised once. */
export const expiryNotices = sqliteTable(
  'expiry_notices',
  {
    staffId: ofStaff(),
    name: text('name').notNull(),
    expiresOn: text('expires_on').notNull(),
    days: integer('days').notNull(),
    notifiedAt: time('notified_at').notNull(),
  },
  t => [primaryKey({ columns: [t.staffId, t.name, t.expiresOn, t.days] })],
)

// ── Jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const runStates = ['PENDING', 'PROGRESS', 'SUCCESS', 'FAILURE', 'CANCELLED'] as const
export type RunState = (typeof runStates)[number]

/** Every run of a job. The row is written before the job is queued; a job that the queue lost is queued again from it. */
export const runs = sqliteTable(
  'runs',
  {
    id: text('id').primaryKey(), // job_id
    name: text('name').notNull(),
    queue: text('queue').notNull(),
    input: json<unknown>('input').notNull(),
    status: text('status', { enum: runStates }).notNull(),
    progress: integer('progress').notNull().default(0), // percent
    stage: text('stage'),
    message: text('message'),
    result: json<unknown>('result'),
    error: text('error'),
    stack: text('stack'),
    fingerprint: text('fingerprint'), // equal for failures of the same cause
    attempts: integer('attempts').notNull().default(0), // includes those that ended because their process died
    maxAttempts: integer('max_attempts').notNull(),
    process: text('process'), // the process that runs it or ran it last
    deaths: integer('deaths').notNull().default(0), // attempts that ended because their process died
    refused: integer('refused', { mode: 'boolean' }).notNull().default(false), // it failed with a refusal, which a retry would get again
    dedupeKey: text('dedupe_key'), // one unfinished run per key
    startedBy: integer('started_by'), // null: Fieldhouse itself or the operator
    cancelRequestedAt: time('cancel_requested_at'),
    notBefore: time('not_before'),
    expiresAt: time('expires_at'),
    createdAt: time('created_at').notNull(),
    startedAt: time('started_at'),
    completedAt: time('completed_at'),
  },
  t => [
    uniqueIndex('runs_unfinished')
      .on(t.dedupeKey)
      .where(sql`status in ('PENDING', 'PROGRESS') and dedupe_key is not null`),
    index('runs_status').on(t.status, t.createdAt),
    index('runs_created').on(t.createdAt),
    index('runs_name').on(t.name, t.createdAt),
    index('runs_fingerprint').on(t.fingerprint, t.createdAt).where(sql`fingerprint is not null`),
    index('runs_failed').on(t.status, t.completedAt).where(sql`status = 'FAILURE'`),
    index('runs_started_by').on(t.startedBy, t.createdAt).where(sql`started_by is not null`),
  ],
)

/** Other users who started the same work while it was under way: they got the id of this run and may follow it. */
export const runReaders = sqliteTable(
  'run_readers',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    userId: integer('user_id').notNull(),
  },
  t => [primaryKey({ columns: [t.runId, t.userId] })],
)

/** The number of runs of each job in each state. Maintained by triggers, because counting a million runs takes too long. */
export const runCounts = sqliteTable(
  'run_counts',
  {
    name: text('name').notNull(),
    status: text('status', { enum: runStates }).notNull(),
    runs: integer('runs').notNull(),
  },
  t => [primaryKey({ columns: [t.name, t.status] })],
)

/** Rowids of runs that finished or were deleted and are not yet in the index of runs (`search.db`). Added by triggers. */
export const runChanges = sqliteTable('run_changes', { id: id(), run: integer('run').notNull() })

/** Log lines of runs. */
export const runLog = sqliteTable(
  'run_log',
  {
    id: id(),
    runId: text('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    at: time('at').notNull(),
    attempt: integer('attempt').notNull(),
    level: text('level', { enum: ['debug', 'info', 'warn', 'error'] }).notNull(),
    message: text('message').notNull(),
    facts: json<Record<string, unknown>>('facts'),
  },
  t => [index('run_log_run').on(t.runId, t.id)],
)

/** Leases. The fence grows with every acquisition and never goes back, so that late writes of a former holder are refused. */
export const taskLocks = sqliteTable('task_locks', {
  key: text('key').primaryKey(),
  task: text('task').notNull(),
  arguments: text('arguments').notNull(),
  owner: text('owner').notNull(), // the id of a row of `processes`
  jobId: text('job_id'),
  fence: integer('fence').notNull(),
  acquiredAt: time('acquired_at').notNull(),
  renewedAt: time('renewed_at').notNull(),
  expiresAt: time('expires_at').notNull(),
})

export const processes = sqliteTable('processes', {
  id: text('id').primaryKey(),
  role: text('role').notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  version: text('version').notNull(),
  startedAt: time('started_at').notNull(),
})

/** One row per slot that fired. The key makes a slot fire once, in one of all processes. */
export const scheduleSlots = sqliteTable(
  'schedule_slots',
  {
    entry: text('entry').notNull(),
    slot: time('slot').notNull(),
    jobId: text('job_id'),
    firedAt: time('fired_at').notNull(),
  },
  t => [primaryKey({ columns: [t.entry, t.slot] })],
)

export const schedulePauses = sqliteTable('schedule_pauses', {
  entry: text('entry').primaryKey(),
  reason: text('reason').notNull(),
  pausedBy: text('paused_by').notNull(),
  pausedAt: time('paused_at').notNull(),
})

/** Version stamps of cached answers. Every bump takes the next `seq` of the table, so other processes fetch only what is new. */
export const stamps = sqliteTable(
  'stamps',
  { topic: text('topic').notNull(), scope: text('scope').notNull(), seq: integer('seq').notNull() },
  t => [primaryKey({ columns: [t.topic, t.scope] }), uniqueIndex('stamps_seq').on(t.seq)],
)

/** Single values: the installation's id, the last lock fence, the setup token's hash, the hash of `triggers.sql`. */
export const facts = sqliteTable('facts', { name: text('name').primaryKey(), value: text('value').notNull() })

// ── Monitoring ──────────────────────────────────────────────────────────────────────────────────────────────────

export const severities = ['info', 'warning', 'error', 'critical'] as const
export type Severity = (typeof severities)[number]

export const systemAlerts = sqliteTable(
  'system_alerts',
  {
    id: id(),
    key: text('key').notNull(), // at most one open alert per key
    type: text('alert_type').notNull(),
    severity: text('severity', { enum: severities }).notNull(),
    title: text('title').notNull(),
    message: text('message').notNull(),
    data: json<Record<string, unknown>>('data').notNull(),
    count: integer('count').notNull().default(1),
    firstSeen: time('first_seen').notNull(),
    lastSeen: time('last_seen').notNull(),
    state: text('state', { enum: ['active', 'acknowledged', 'resolved'] }).notNull(),
    clearChecks: integer('clear_checks').notNull().default(0),
    acknowledgedReason: text('acknowledged_reason'),
    acknowledgedBy: text('acknowledged_by'),
    acknowledgedAt: time('acknowledged_at'),
    settledBy: text('settled_by'),
    settledAt: time('settled_at'),
    sentAt: time('sent_at'), // to ALERT_WEBHOOK_URL
    sentAs: text('sent_as', { enum: severities }), // its severity then, which also stays when it is to be sent again
    mailedAt: time('mailed_at'), // to admins
    mailedAs: text('mailed_as', { enum: severities }),
  },
  t => [
    uniqueIndex('alerts_open').on(t.key).where(sql`state <> 'resolved'`),
    index('alerts_state').on(t.state, t.lastSeen),
    index('alerts_seen').on(t.lastSeen),
    index('alerts_unsent').on(t.id).where(sql`sent_at is null and state = 'active'`),
    index('alerts_unmailed').on(t.id).where(sql`mailed_at is null and state = 'active'`),
  ],
)

export const auditLog = sqliteTable(
  'audit_log',
  {
    id: id(),
    at: time('at').notNull(),
    userId: integer('user_id'),
    username: text('username').notNull(),
    action: text('action').notNull(), // noun.verb
    target: text('target').notNull(),
    detail: json<Record<string, unknown>>('detail').notNull(),
    result: text('result').notNull(), // ok | refused | failed
  },
  t => [index('audit_at').on(t.at), index('audit_user').on(t.userId, t.at), index('audit_action').on(t.action, t.at)],
)

/**
 * Finished runs, counted by a trigger: statistics over a million runs read some thousand rows, and outlive the runs. All runs by
 * hour and day; each job by hour; and each job by day or month and by duration (`bucket` is an upper bound in ms), for percentiles.
 */
const finished = {
  start: time('start').notNull(),
  status: text('status', { enum: runStates }).notNull(),
  runs: integer('runs').notNull(),
  totalMs: integer('total_ms').notNull(),
}
export const runTotals = sqliteTable(
  'run_totals',
  { unit: text('unit', { enum: ['hour', 'day'] }).notNull(), ...finished },
  t => [primaryKey({ columns: [t.unit, t.start, t.status] })],
)
export const runHours = sqliteTable('run_hours', { name: text('name').notNull(), ...finished }, t => [
  primaryKey({ columns: [t.name, t.start, t.status] }),
])
const durations = { name: text('name').notNull(), bucket: integer('bucket').notNull(), ...finished }
export const runDays = sqliteTable('run_days', durations, t => [
  primaryKey({ columns: [t.start, t.name, t.status, t.bucket] }),
])
export const runMonths = sqliteTable('run_months', durations, t => [
  primaryKey({ columns: [t.start, t.name, t.status, t.bucket] }),
])

/** Who was active in which hour, day and month. A trigger counts them by country in `activity_counts`. */
export const activityUnits = ['hour', 'day', 'month'] as const
export const userActivity = sqliteTable(
  'user_activity',
  {
    unit: text('unit', { enum: activityUnits }).notNull(),
    start: time('start').notNull(),
    userId: integer('user_id').notNull(),
  },
  t => [primaryKey({ columns: [t.unit, t.start, t.userId] })],
)
export const activityCounts = sqliteTable(
  'activity_counts',
  {
    unit: text('unit', { enum: activityUnits }).notNull(),
    start: time('start').notNull(),
    country: text('country').notNull(), // '' for unknown
    users: integer('users').notNull(),
  },
  t => [primaryKey({ columns: [t.unit, t.start, t.country] })],
)

/** Users by day of registration and country, without deleted ones. Maintained by triggers. */
export const registrations = sqliteTable(
  'registrations',
  { day: time('day').notNull(), country: text('country').notNull(), users: integer('users').notNull() },
  t => [primaryKey({ columns: [t.day, t.country] })],
)

/** Trades by hour, symbol and side, counted by a trigger on the ledger. They stay when their league is deleted. */
export const tradeHours = sqliteTable(
  'trade_hours',
  {
    hour: time('hour').notNull(),
    symbol: text('symbol').notNull(),
    kind: text('kind', { enum: ['buy', 'sell'] }).notNull(),
    trades: integer('trades').notNull(),
    shares: integer('shares').notNull(),
    volumeCents: integer('volume_cents').notNull(),
  },
  t => [primaryKey({ columns: [t.hour, t.symbol, t.kind] })],
)

/** How often runs, users, leagues, uploads and activity have changed. While these stay the same, statistics are up to date. */
export const tallies = sqliteTable('tallies', { name: text('name').primaryKey(), count: integer('count').notNull() })

/** Statistics requested in the last hour, which are kept warm. */
export const requestedStats = sqliteTable(
  'requested_stats',
  {
    entry: text('entry').notNull(),
    query: text('query').notNull(), // canonical JSON
    requestedAt: time('requested_at').notNull(),
  },
  t => [primaryKey({ columns: [t.entry, t.query] }), index('requested_stats_at').on(t.requestedAt)],
)

/** Answers refreshed before they expire (src/platform/cache/refreshed.ts), shared by all processes of the data folder. */
export const refreshedAnswers = sqliteTable(
  'refreshed_answers',
  {
    key: text('key').primaryKey(), // the cache key, including the version
    at: time('at').notNull(),
    freshUntil: time('fresh_until').notNull(),
    usableUntil: time('usable_until').notNull(),
    json: text('json').notNull(),
  },
  t => [index('refreshed_answers_usable').on(t.usableUntil)],
)

/** Requests per route and minute; and by hour, for charts of a week. */
const answered = {
  route: text('route').notNull(),
  requests: integer('requests').notNull(),
  errors: integer('errors').notNull(), // status 500 and above
  totalMs: integer('total_ms').notNull(),
  histogram: blob('histogram', { mode: 'buffer' }).notNull(), // Uint32Array, little endian; by the bounds of src/platform/process/metrics.ts
}
export const requestStats = sqliteTable('request_stats', { minute: time('minute').notNull(), ...answered }, t => [
  primaryKey({ columns: [t.minute, t.route] }),
])
export const requestHours = sqliteTable('request_hours', { hour: time('hour').notNull(), ...answered }, t => [
  primaryKey({ columns: [t.hour, t.route] }),
])

/** The load of each process, minute by minute. */
export const processMinutes = sqliteTable(
  'process_minutes',
  {
    minute: time('minute').notNull(),
    process: text('process').notNull(),
    role: text('role').notNull(),
    cpu: real('cpu').notNull(), // 0 to 1: 1 is all cores of the machine
    lagMs: real('lag_ms').notNull(), // p99 of how late timers fired
    rssBytes: integer('rss_bytes').notNull(),
    shed: integer('shed').notNull().default(0), // reads refused because the process was overloaded
  },
  t => [primaryKey({ columns: [t.minute, t.process] })],
)

/** Runs that were due but waiting, and runs under way, minute by minute, as the first process to write the minute saw them. */
export const queueMinutes = sqliteTable('queue_minutes', {
  minute: time('minute').primaryKey(),
  waiting: integer('waiting').notNull(),
  running: integer('running').notNull(),
})

/** Totals at the end of each UTC day. */
export const dailyMetrics = sqliteTable('analytics_daily_metrics', {
  day: text('day').primaryKey(), // 2026-03-20
  users: integer('users').notNull(),
  activeUsers: integer('active_users').notNull(),
  activeLeagues: integer('active_leagues').notNull(),
  uploads: integer('uploads').notNull(),
  trades: integer('trades').notNull(),
  runs: integer('runs').notNull(),
  failedRuns: integer('failed_runs').notNull(),
  shifts: integer('shifts').notNull(), // that started on this day in their site's time zone
  places: integer('places').notNull(),
  filled: integer('filled').notNull(),
  minutesWorked: integer('minutes_worked').notNull(),
  costCents: integer('cost_cents').notNull(),
})

/** The health of leagues, 0 to 100, with recommendations. That of sites is not kept; rows of earlier versions may be of one. */
export const healthScores = sqliteTable(
  'health_scores',
  {
    subject: text('subject', { enum: ['site', 'league'] }).notNull(),
    subjectId: integer('subject_id').notNull(),
    at: time('at').notNull(),
    name: text('name').notNull(),
    score: integer('score').notNull(),
    level: text('level', { enum: ['good', 'watch', 'at_risk', 'no_data'] }).notNull(),
    factors: json<Record<string, number>>('factors').notNull(), // each 0 to 1
    recommendations: json<string[]>('recommendations').notNull(),
  },
  t => [primaryKey({ columns: [t.subject, t.subjectId, t.at] }), index('health_scores_at').on(t.at)],
)
