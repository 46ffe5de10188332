/**
 * `bun run fuzz`: sends odd requests to a separate server: every page, form and API route as every role, damaged sheets, and
 * connections that stop half-way. Ends with 1 if something answered 500, hung, let in people without permission, answered other than
 * documented, or was logged as an error. No running installation is touched.
 *
 *   --requests N   requests to the API (20,000)
 *   --pages N      requests to pages and forms before that (5,000)
 *   --seconds S    stops after this time (600)
 *   --seed N       repeats the requests of that seed; otherwise one is chosen and printed
 *   --only TEXT    only routes that contain this text: 'POST /api/v1/quotes'
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { SheetRefusal } from '../src/platform/spreadsheets/refusal.ts'
import { isThing, misfits, type Thing } from '../test/openapi.ts'
import { operatorToken } from './demo/call.ts'
import { oddConnection } from './fuzz/connections.ts'
import { pageFuzzer } from './fuzz/pages.ts'
import { type FuzzRequest, operationsOf, requestMaker } from './fuzz/requests.ts'
import { sheetMaker } from './fuzz/sheets.ts'
import { values } from './fuzz/values.ts'
import { callers, type FuzzCaller, fillForRequests, keyOf } from './fuzz/world.ts'
import { randomFrom } from './random.ts'
import { startChildServer } from './trials/child-server.ts'
import { trialOptions } from './trials/options.ts'

const { requests, pages, seconds, seed, only } = trialOptions(
  import.meta.path,
  { requests: 20_000, pages: 5_000, seconds: 600 },
  ['only'],
)
const hangsAfterMs = 20_000
const atOnce = 4

const random = randomFrom(seed)
const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-fuzz-'))
const server = await startChildServer(dataDir, { SIGNUP: 'open', BACKUP_KEEP: '2', TRUST_PROXY: '1' })
const { call, url } = server
const document: Thing = await call.get('/swagger/json')
await fillForRequests(call)

const keys: Record<FuzzCaller, string> = { anyone: '', member: '', officer: '', admin: '' }
for (const role of callers) if (role !== 'anyone') keys[role] = await keyOf(call, role)

/** Ids and names from earlier answers, so that requests reach existing things. */
const knownValues: Record<string, string[]> = { slug: ['pga'], symbol: ['ACME', 'BETA'], player_id: ['1', '2'] }
const knownOr = (name: string) => () =>
  random.pick([...(knownValues[name]?.slice(-20) ?? []), String(random.whole(1, 4))])
const names = Object.fromEntries(
  ['job_id', 'slug', 'symbol', 'player_id', 'governor_id', 'name', 'id', 'user_id', 'entry_id'].map(name => [
    name,
    knownOr(name),
  ]),
)
function remember(value: unknown): void {
  if (Array.isArray(value)) for (const item of value.slice(0, 5)) remember(item)
  else if (isThing(value))
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== 'object' && key in names && key !== 'id' && inner !== null) {
        const list = (knownValues[key] ??= [])
        if (!list.includes(String(inner)) && String(inner).length < 100) list.push(String(inner))
        if (list.length > 60) list.splice(5, 10)
      } else remember(inner)
    }
}

type Finding = { description: string; times: number; example: string }
const findings = new Map<string, Finding>()
function reportFinding(description: string, example: string): void {
  const finding = findings.get(description)
  if (finding) finding.times++
  else {
    findings.set(description, { description, times: 1, example })
    console.error(`FOUND ${description}\n      ${example}`)
  }
}

const describeRequest = (who: FuzzCaller, { operation, path, headers, body }: FuzzRequest) => {
  const text =
    body instanceof FormData ? '[a form]' : typeof body === 'string' ? body : body ? `[${body.length} bytes]` : ''
  return `as ${who}: ${operation.method} ${path.slice(0, 500)} ${JSON.stringify(headers).slice(0, 300)} ${text.slice(0, 600)}`
}

/** The body of an answer; empty for event streams, which have no end. */
async function bodyOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text()
  await response.body?.cancel()
  return ''
}

const ranks: readonly string[] = ['anyone', 'reader', 'member', 'officer', 'admin']

async function attempt(who: FuzzCaller, request: FuzzRequest): Promise<number> {
  const { operation, path, headers, body } = request
  const at = `${operation.method} ${operation.template}`
  let response: Response
  let text: string
  try {
    response = await fetch(url + path, {
      method: operation.method,
      headers: { ...(keys[who] && { authorization: `Bearer ${keys[who]}` }), ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(hangsAfterMs),
    })
    text = await bodyOf(response)
  } catch (error) {
    const isRefusedByClient =
      error instanceof TypeError || (error instanceof Error && /header|URL/i.test(error.message))
    if (!isRefusedByClient)
      reportFinding(`${at}: no answer (${error instanceof Error ? error.name : error})`, describeRequest(who, request))
    return 0
  }
  const { status } = response
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  let answer: unknown
  try {
    answer = isJson && text ? JSON.parse(text) : undefined
  } catch {
    reportFinding(`${at} ${status}: JSON that cannot be read`, describeRequest(who, request))
  }
  if (status === 500) reportFinding(`${at}: 500`, `${describeRequest(who, request)} → ${text.slice(0, 200)}`)
  else if (status >= 400) {
    const isProblem = isThing(answer) && answer.status === status && typeof answer.code === 'string'
    const isPage = /text\/html/.test(headers.accept ?? '')
    const isProbe = operation.responses[status]?.content?.['application/json'] !== undefined
    if (!isProblem && !isPage && !isProbe && status !== 416 && status !== 431)
      reportFinding(`${at} ${status}: no problem`, `${describeRequest(who, request)} → ${text.slice(0, 200)}`)
    if (status === 401 && who !== 'anyone' && !headers.authorization) keys[who] = await keyOf(call, who)
  } else if (status !== 303 || !/text\/html/.test(headers.accept ?? '')) {
    // A page redirects strangers to the sign-in.
    const documented = operation.responses[status]
    if (!documented && status !== 304 && status !== 206)
      reportFinding(`${at}: ${status} is not documented`, describeRequest(who, request))
    const schema = documented?.content?.['application/json']?.schema
    if (schema && answer !== undefined)
      for (const fault of misfits(document, schema, answer).slice(0, 3))
        reportFinding(
          `${at} ${status}: ${fault.replaceAll(/\[\d+\]/g, '[]')}`,
          `${describeRequest(who, request)} → ${text.slice(0, 300)}`,
        )
    if (ranks.indexOf(operation.may) > ranks.indexOf(who === 'anyone' ? 'reader' : who))
      reportFinding(`${at}: ${who} was let in`, describeRequest(who, request))
    remember(answer)
  }
  return status
}

const operations = operationsOf(document).filter(
  ({ method, template }) => !only || `${method} ${template}`.includes(only),
)
const valuesOf = values(document, random)
const sheets = sheetMaker(random)
const requestFor = requestMaker(random, valuesOf, names, sheets)
const endsAt = performance.now() + seconds * 1000
const statuses = new Map<number, number>()
const counts = { sent: 0, sheets: 0, connections: 0 }

async function trySheet(): Promise<void> {
  counts.sheets++
  const sheet = sheets.next()
  const { bytes, filename } = sheet
  try {
    const read = await readSheet(bytes, { filename, signal: AbortSignal.timeout(hangsAfterMs) })
    const { format, encoding, metrics, labels, errors } = read
    const reasons = new Set(errors.map(({ reason }) => reason))
    sheets.record(sheet, `${format} ${encoding} ${metrics.length > 3} ${labels.length > 0} ${[...reasons].toSorted()}`)
  } catch (error) {
    if (error instanceof SheetRefusal) return sheets.record(sheet, `${error.code} ${error.message}`)
    reportFinding(
      `reading a sheet: ${error}`,
      `${filename} ${Buffer.from(bytes.subarray(0, 20_000)).toString('base64')}`,
    )
  }
}

// Before the API requests, which create names that look like leaks.
const browsing = pageFuzzer(server, random, valuesOf, names, reportFinding)
for (let sent = 0; sent < pages && performance.now() < endsAt && !server.hasEnded(); sent += atOnce)
  await Promise.all(Array.from({ length: atOnce }, browsing.next))

while (counts.sent < requests && performance.now() < endsAt && !server.hasEnded()) {
  const batch = Array.from({ length: atOnce }, () => {
    let operation = operations[(counts.sent++ + seed) % operations.length]!
    if (operation.method === 'DELETE' && random.chance(0.8)) operation = random.pick(operations) // otherwise nothing would be left soon
    return { who: random.pick([...callers, 'admin'] as const), request: requestFor(operation) }
  })
  if (random.chance(0.05)) {
    counts.connections++
    await oddConnection(url, operatorToken, random).catch(error => reportFinding(`a connection: ${error}`, ''))
  }
  for (let i = random.whole(0, 2); i > 0; i--) await trySheet()
  for (const status of await Promise.all(batch.map(({ who, request }) => attempt(who, request))))
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
}

if (server.hasEnded()) reportFinding('the server ended', server.errors.at(-1) ?? '')
else if (!(await fetch(`${url}/livez`, { signal: AbortSignal.timeout(hangsAfterMs) })).ok)
  reportFinding('it is not alive', '')
/** Failures of feeds and backups that users cause are expected in the log; every other error is a bug. */
for (const line of server.errors.filter(line => !/"name":"(AlertedFailure|OutgoingFailure|Refusal)"/.test(line)))
  reportFinding(`logged: ${/"message":"([^"]+)"/.exec(line)?.[1] ?? line.slice(0, 80)}`, line.slice(0, 1500))
await server.stop()
rmSync(dataDir, { recursive: true, force: true })

const statusCounts = (statuses: Map<number, number>) =>
  [...statuses]
    .toSorted(([a], [b]) => a - b)
    .map(([status, times]) => `${status}: ${times}`)
    .join(', ')
const { counts: browsed } = browsing
console.log(
  `${browsed.pages} pages and ${browsed.forms} forms at ${browsed.patterns.size} addresses (${statusCounts(browsed.statuses)}), ${counts.sent} requests on ${operations.length} routes (${statusCounts(statuses)}), ${counts.sheets} sheets with ${sheets.outcomes.size} outcomes, ${counts.connections} connections`,
)
for (const { description, times } of findings.values()) console.log(`${times} × ${description}`)
console.log(`${findings.size} findings, seed ${seed}`)
process.exit(findings.size ? 1 : 0)
