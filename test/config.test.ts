import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { envExample, markdownTable } from '../scripts/print-config.ts'
import { misspelled, readConfig } from '../src/config.ts'
import { runScript } from './operator.ts'
import { spawnFieldhouse } from './start.ts'

const root = join(import.meta.dir, '..')

test('without settings everything has its default', () => {
  expect(readConfig({})).toMatchObject({
    port: 3000,
    dataDir: './data',
    role: 'all',
    publicBoards: true,
    backupKeep: 7,
  })
})

test('an empty or blank variable counts as not set', () => {
  expect(readConfig({ PORT: '', REDIS_URL: '  ', ADMIN_TOKEN: '' })).toEqual(readConfig({}))
})

test("all errors are reported together, each with the setting's name and what was expected", () => {
  const mistakes = {
    PORT: '99999',
    ROLE: 'boss',
    PUBLIC_BOARDS: 'perhaps',
    SENTRY_TRACES: '1.5',
    REDIS_URL: 'localhost:6379',
    NAMESPACE: 'Not Good',
    ADMIN_EMAIL: 'nobody',
    RATE_LIMIT: '60/min',
    BACKUP_KEEP: '0',
    BACKUP_S3_URL: 'https://s3.example.org/backups',
  }
  expect(() => readConfig(mistakes)).toThrow(
    new Error(`These settings cannot be used:
  PORT=99999: expected a whole number from 0 to 65535
  REDIS_URL=… (14 characters): expected a URL beginning with redis:// or rediss://
  NAMESPACE=Not Good: expected lower-case letters, digits, - and _
  ROLE=boss: expected all or web or worker or compute
  ADMIN_EMAIL=nobody: expected an e-mail address
  PUBLIC_BOARDS=perhaps: expected true or false
  SENTRY_TRACES=1.5: expected a number from 0 to 1
  RATE_LIMIT=60/min: expected a whole number, 0 or more
  BACKUP_KEEP=0: expected a whole number from 1 to 1000
  ADMIN_EMAIL also needs ADMIN_PASSWORD
  BACKUP_S3_URL also needs BACKUP_S3_ACCESS_KEY
  BACKUP_S3_URL also needs BACKUP_S3_SECRET_KEY`),
  )
})

test('mails need a sender and the address of the site in addition to the server', () => {
  expect(() => readConfig({ SMTP_URL: 'smtp://mail.example.org', MAIL_FROM: 'nobody' })).toThrow(
    new Error(`These settings cannot be used:
  MAIL_FROM=nobody: expected fieldhouse@example.org or Fieldhouse <fieldhouse@example.org>
  SMTP_URL also needs PUBLIC_URL`),
  )
})

test('a setting that could never work is an error at the start', () => {
  const mistakes = {
    PUBLIC_URL: 'https://example.org/scores',
    ROLE: 'compute',
    SENTRY_DSN: 'https://sentry.example.org',
    ALERT_WEBHOOK_URL: 'http://127.0.0.1:9000/alerts',
    BACKUP_S3_URL: 'https://s3.example.org/',
    BACKUP_S3_ACCESS_KEY: 'key',
    BACKUP_S3_SECRET_KEY: 'secret',
    BACKUP_S3_SCHEDULE: '99 * * * *',
  }
  expect(() => readConfig(mistakes)).toThrow(
    new Error(`These settings cannot be used:
  PUBLIC_URL=https://example.org/scores: expected an address without a path, such as https://scores.example.org
  SENTRY_DSN=… (26 characters): expected a DSN as Sentry shows it: https://key@host/project
  BACKUP_S3_URL=https://s3.example.org/: expected https://host/bucket or https://host/bucket/folder
  BACKUP_S3_SCHEDULE=99 * * * *: expected a cron line of five parts, such as 20 * * * *
  ROLE=compute also needs REDIS_URL
  ALERT_WEBHOOK_URL at a private address also needs ALLOW_PRIVATE_FEEDS=true`),
  )
  expect(readConfig({ BACKUP_S3_SCHEDULE: '*/10 8-20 * * MON-FRI' }).backupS3Schedule).toBe('*/10 8-20 * * MON-FRI')
  expect(() => readConfig({ BACKUP_S3_SCHEDULE: '0 0 30 2 *' })).toThrow('five parts')
})

test('an invalid secret is not printed', () => {
  for (const [name, value] of [
    ['ADMIN_TOKEN', 'hunter2'],
    ['ADMIN_PASSWORD', 'hunter2'],
    ['REDIS_URL', 'http://:hunter2@localhost'],
    ['SENTRY_DSN', 'ftp://hunter2@sentry.invalid/1'],
    ['ALERT_WEBHOOK_URL', 'hunter2'],
    ['SMTP_URL', 'http://ann:hunter2@mail.example.org'],
  ] as const) {
    let message = ''
    try {
      readConfig({ [name]: value })
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain(name)
    expect(message).not.toContain('hunter2')
  }
})

test('a variable that is nearly a setting is named, any other is left alone', () => {
  const env = {
    PUBLIC_BOARD: 'false',
    RATELIMIT: '5',
    REDSI_URL: 'x',
    PORT: '1',
    PORTS: '1',
    PUBLIC_KEY: 'x',
    HOME: '/root',
  }
  expect(misspelled(env)).toEqual([
    'PUBLIC_BOARD is not a setting; did you mean PUBLIC_BOARDS?',
    'RATELIMIT is not a setting; did you mean RATE_LIMIT?',
    'REDSI_URL is not a setting; did you mean REDIS_URL?',
  ])
})

test('a service with invalid settings does not open and lists them all on stderr', async () => {
  const opening = spawnFieldhouse({ PORT: 'x', ROLE: 'y' })
  expect(await outcome(opening)).toThrow(/PORT=x: .*ROLE=y: /s)
})

test('print-config shows what is in force and hides secrets', async () => {
  const secrets = { ADMIN_TOKEN: 'super-secret-token-1', REDIS_URL: 'redis://:super-secret@host' }
  const { code, out } = await runScript('print-config.ts', [], { PORT: '8080', ...secrets })
  const lines = out.trim().split('\n')
  expect(code).toBe(0)
  expect(lines.find(line => line.startsWith('PORT '))).toMatch(/^PORT +8080 .*\(default: 3000\)$/)
  expect(lines.find(line => line.startsWith('ADMIN_TOKEN '))).toContain('… (20 characters)')
  expect(out).not.toContain('super-secret')
})

test('docs/install.md shows the settings as they are', async () => {
  expect(await Bun.file(join(root, 'docs/install.md')).text()).toContain(markdownTable())
})

test('.env.example lists the settings as they are, and changes none', async () => {
  const example = await Bun.file(join(root, '.env.example')).text()
  expect(example).toBe(envExample()) // bun run print-config --env > .env.example
  const uncommented = example.matchAll(/^#([A-Z_]+)=(.*)$/gm)
  expect(readConfig(Object.fromEntries([...uncommented].map(([, name, value]) => [name, value])))).toEqual(
    readConfig({}),
  )
})
