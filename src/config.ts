/** Every setting: its variable, default and purpose. All are optional. `bun run print-config` shows the current values. */
import { checkUrl } from './platform/http/outgoing.ts'
import {
  bool,
  cronLine,
  fraction,
  int,
  maybe,
  misspelledSettings,
  oneOf,
  readSettings,
  type SettingValues,
  text,
  url,
} from './platform/settings.ts'

export const settings = {
  port: int('PORT', 3000, 'HTTP port; 0 picks a free one', { max: 65_535 }),
  host: text('HOST', '0.0.0.0', 'Address to listen on'),
  publicUrl: url('PUBLIC_URL', ['https:', 'http:'], 'The address of this installation, which links to it start with', {
    accepts: ({ pathname, search, hash }) => pathname + search + hash === '/',
    expects: 'an address without a path, such as https://scores.example.org',
  }),
  dataDir: text('DATA_DIR', './data', 'The folder for all data'),
  redisUrl: url(
    'REDIS_URL',
    ['redis:', 'rediss:'],
    'Absent: queue and cache live in this process and its SQLite files',
    { secret: true },
  ),
  namespace: text('NAMESPACE', 'fieldhouse', 'Prefix of every key in Redis, so that several installs may share one', {
    pattern: /^[a-z0-9][a-z0-9_-]{0,40}$/,
    expects: 'lower-case letters, digits, - and _',
  }),
  role: oneOf(
    'ROLE',
    ['all', 'web', 'worker', 'compute'],
    'all',
    'web serves and enqueues, worker runs jobs and the schedule, all does both; compute needs only REDIS_URL and helps with rosters from any machine',
  ),
  adminToken: maybe(
    'ADMIN_TOKEN',
    'A bearer token that acts as the built-in user operator with admin rights; with it no setup link is printed',
    {
      pattern: /^[\x21-\x7e]{16,200}$/,
      expects: 'at least 16 printable characters',
      secret: true,
    },
  ),
  adminEmail: maybe('ADMIN_EMAIL', 'E-mail address of the first admin, made at the first start', {
    pattern: /^[^\s@]+@[^\s@]+$/,
    expects: 'an e-mail address',
  }),
  adminPassword: maybe('ADMIN_PASSWORD', 'Password of the first admin', {
    pattern: /^.{12,200}$/s,
    expects: 'at least 12 characters',
    secret: true,
  }),
  publicBoards: bool('PUBLIC_BOARDS', true, 'Strangers may read leagues, boards, players, tours and quotes'),
  signup: oneOf('SIGNUP', ['closed', 'open'], 'closed', 'Whether strangers may make an account of role member'),
  sentryDsn: url('SENTRY_DSN', ['https:', 'http:'], 'Where errors are reported; absent: nowhere', {
    secret: true,
    accepts: ({ username, pathname }) => username !== '' && /\/\d+$/.test(pathname),
    expects: 'a DSN as Sentry shows it: https://key@host/project',
  }),
  sentryTraces: fraction('SENTRY_TRACES', 0.1, 'Share of requests traced in Sentry'),
  environment: text('ENVIRONMENT', 'production', 'Name of this installation in reports'),
  metricsPublic: bool('METRICS_PUBLIC', false, '/metrics answers without an admin token'),
  alertWebhookUrl: url(
    'ALERT_WEBHOOK_URL',
    ['https:', 'http:'],
    'Alerts are posted here as Discord- and Slack-compatible JSON',
    { secret: true },
  ),
  smtpUrl: url(
    'SMTP_URL',
    ['smtp:', 'smtps:'],
    'The server that sends mail, such as smtp://user:password@mail.example.org:587; absent: no mail, links to copy instead',
    { secret: true },
  ),
  mailFrom: maybe('MAIL_FROM', 'Sender of mails: an address, or a name and then the address in angle brackets', {
    pattern: /^[^<>@\r\n]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/,
    expects: 'fieldhouse@example.org or Fieldhouse <fieldhouse@example.org>',
  }),
  maxUploadMb: int('MAX_UPLOAD_MB', 256, 'Largest file accepted, in MB', { min: 1, max: 16_384 }),
  trustProxy: int('TRUST_PROXY', 0, 'How many proxies in front are believed about the client address', { max: 10 }),
  logLevel: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info', 'The lowest level that is logged'),
  rateLimit: int(
    'RATE_LIMIT',
    60,
    'Board reads per minute of a stranger’s browser; ten times that for keys, sessions and all browsers of an address; 0 = no limit',
  ),
  allowPrivateFeeds: bool(
    'ALLOW_PRIVATE_FEEDS',
    false,
    'Feed and webhook URLs may resolve to private or loopback addresses',
  ),
  holdPricePct: int(
    'HOLD_PRICE_PCT',
    50,
    'A price that moves by more than so many percent is held until an officer answers; 0 = never',
  ),
  backupKeep: int('BACKUP_KEEP', 7, 'How many backups are kept', { min: 1, max: 1000 }),
  backupS3Url: url(
    'BACKUP_S3_URL',
    ['https:', 'http:'],
    'Backups also go to this S3-compatible store: https://host/bucket or https://host/bucket/folder',
    { accepts: ({ pathname }) => pathname !== '/', expects: 'https://host/bucket or https://host/bucket/folder' },
  ),
  backupS3AccessKey: maybe('BACKUP_S3_ACCESS_KEY', 'Access key of that store', { secret: true }),
  backupS3SecretKey: maybe('BACKUP_S3_SECRET_KEY', 'Secret key of that store', { secret: true }),
  backupS3Region: text('BACKUP_S3_REGION', 'us-east-1', 'Region of that store'),
  backupS3Schedule: cronLine('BACKUP_S3_SCHEDULE', '20 * * * *', 'When backups are sent there: a cron line in UTC'),
  backupS3KeepDays: int(
    'BACKUP_S3_KEEP_DAYS',
    30,
    'Days of backups kept there: all of the last day, one a day before',
    {
      min: 1,
      max: 3650,
    },
  ),
  litestream: bool(
    'LITESTREAM',
    false,
    'Litestream replicates fieldhouse.db and scores.db: checkpoints of their WAL are left to it',
  ),
  supervisorRestarts: bool(
    'SUPERVISOR_RESTARTS',
    true,
    'The supervisor schedules missing score updates itself instead of only warning',
  ),
}

export type Config = SettingValues<typeof settings>

export const readConfig = (env: Record<string, string | undefined>): Config =>
  readSettings(settings, env, combinationMistakes)

export const misspelled = (env: Record<string, string | undefined>) => misspelledSettings(settings, env)

/** Settings that do not work without another one. */
function combinationMistakes(config: Config, isSet: (variable: string) => boolean): string[] {
  const needs = [
    ['ADMIN_EMAIL', 'ADMIN_PASSWORD'],
    ['ADMIN_PASSWORD', 'ADMIN_EMAIL'],
    ['BACKUP_S3_URL', 'BACKUP_S3_ACCESS_KEY'],
    ['BACKUP_S3_URL', 'BACKUP_S3_SECRET_KEY'],
    ['BACKUP_S3_ACCESS_KEY', 'BACKUP_S3_URL'],
    ['BACKUP_S3_SECRET_KEY', 'BACKUP_S3_URL'],
    ['SMTP_URL', 'MAIL_FROM'],
    ['SMTP_URL', 'PUBLIC_URL'],
    ['MAIL_FROM', 'SMTP_URL'],
  ] as const
  const mistakes = needs
    .filter(([one, other]) => isSet(one) && !isSet(other))
    .map(([one, other]) => `${one} also needs ${other}`)
  if (config.role === 'compute' && !isSet('REDIS_URL')) mistakes.push('ROLE=compute also needs REDIS_URL')
  try {
    if (config.alertWebhookUrl) checkUrl(config.alertWebhookUrl, { allowPrivate: config.allowPrivateFeeds })
  } catch {
    mistakes.push('ALERT_WEBHOOK_URL at a private address also needs ALLOW_PRIVATE_FEEDS=true')
  }
  return mistakes
}
