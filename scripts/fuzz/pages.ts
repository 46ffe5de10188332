/**
 * Pages and their forms, used like a browser does, with script and without: every page with odd queries, and every form found on a page
 * with odd fields, signed in as each role. No page may show a stack trace, words of a schema or markup that was sent, and every
 * refusal has to be shown.
 */
import { decisions } from '../../test/access-decisions.ts'
import { type DemoCall, demoMember } from '../demo/call.ts'
import type { Random } from '../random.ts'
import type { Values } from './values.ts'
import { callers, type FuzzCaller } from './world.ts'

type Browser = { who: FuzzCaller; cookie: string; csrfToken: string }
type Form = { action: string; method: string; isJson: boolean; fields: [name: string, value: string][] }
/** `sent`: the text of all fields. */
type PageRequest = { path: string; init: RequestInit & { headers: Record<string, string> }; sent: string }

const marker = '"><i data-sent>\'&'
const queries = [
  ...['page', 'limit', 'sort_by', 'order', 'q', 'around', 'at', 'ties', 'period', 'group_by', 'status', 'name', 'kind'],
  ...['start', 'end', 'week', 'site_id', 'draft', 'with', 'symbol', 'side', 'quantity', 'token', 'from', 'to', 'days'],
  ...['severity', 'state', 'type', 'role', 'country', 'category', 'columns', 'event', 'player', 'queue', 'input'],
  ...['error', 'action', 'user', 'view', 'since', 'tab', 'next'],
]
/** Text that only bugs show: a stack trace, a source file, an error of the database, of a schema or of the language. */
const leaks: readonly RegExp[] = [
  /\n\s+at \S+ \(/,
  /node_modules|\/src\/[\w/-]+\.ts/,
  /SQLITE_|SQLiteError|no such column|UNIQUE constraint/,
  /Expected (string|number|integer|boolean|object|array|union|kind|required)/,
  /is not a function|Cannot read propert|undefined is not/,
  /\[object \w+\]|Invalid Date|>\s*(undefined|NaN|null)\s*</,
]
/** Not sent, because an echo of it would look like a leak. */
const looksLikeALeak = /\[object|Invalid|undefined|NaN|null|Expected|SQLITE/

const decodePath = (path: string) => {
  try {
    return decodeURIComponent(path.replaceAll('+', ' '))
  } catch {
    return path
  }
}
const unescapeHtml = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
/** Addresses that differ only in numbers have the same pattern. */
const patternOf = (path: string) => path.replace(/\?.*/, '').replaceAll(/\d+/g, ':n').slice(0, 100)

export function pageFuzzer(
  { url, call }: { url: string; call: DemoCall },
  random: Random,
  values: Values,
  names: Record<string, () => string>,
  reportFinding: (description: string, example: string) => void,
) {
  const { pick, chance, whole } = random
  const templates = Object.entries(decisions)
    .filter(([path, may]) => may.startsWith('GET') && !/^\/(api|swagger|assets|livez|readyz)\b/.test(path))
    .map(([path]) => path)
  const links = new Set<string>()
  const forms = new Map<FuzzCaller, Map<string, Form>>()
  const browsers = new Map<FuzzCaller, Browser>()
  const counts = { pages: 0, forms: 0, patterns: new Set<string>(), statuses: new Map<number, number>() }
  let userCount = 0
  /** Random addresses, because the limits on signing in would soon stop a single one. */
  const addressHeader = () => ({ 'x-forwarded-for': `198.51.${whole(0, 255)}.${whole(1, 254)}` })

  async function browserOf(who: FuzzCaller): Promise<Browser> {
    const existing = browsers.get(who)
    if (existing) return existing
    const browser: Browser = { who, cookie: '', csrfToken: '' }
    browsers.set(who, browser)
    if (who === 'anyone') return browser
    const { email, password } = await demoMember(call, `visitor${++userCount}`, who)
    const answer = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url, ...addressHeader() },
      body: JSON.stringify({ email, password }),
    })
    const cookies = answer.headers.getSetCookie().map(cookie => cookie.split(';')[0])
    browser.cookie = cookies.join('; ')
    browser.csrfToken = (await answer.json()).csrf_token
    return browser
  }

  function oddText(): string {
    if (chance(0.15)) return marker
    const value = values.odd()
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
    return looksLikeALeak.test(text) ? '' : text.toWellFormed().slice(0, 5000)
  }

  function oddQuery(): string {
    const pairs = Array.from({ length: whole(0, 4) }, () => [
      chance(0.9) ? pick(queries) : oddText().slice(0, 100),
      chance(0.3) ? String(whole(0, 9)) : oddText().slice(0, 1000),
    ])
    return pairs.length ? `?${new URLSearchParams(pairs)}` : ''
  }

  /** A page from the table of routes, or a link found on a page, sometimes with another query. */
  function anyPage(): string {
    if (!links.size || chance(0.5)) {
      const id = (name: string) => (chance(0.1) ? oddText().slice(0, 300) : (names[name]?.() ?? String(whole(1, 4))))
      return pick(templates).replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(id(name))) + oddQuery()
    }
    const link = pick([...links])
    const [path = '/', query = ''] = link.split('?')
    if (chance(0.4)) return link
    const parameters = new URLSearchParams(query)
    for (const name of [...parameters.keys()]) if (chance(0.5)) parameters.set(name, oddText().slice(0, 1000))
    return `${path}?${parameters}${oddQuery().replace('?', '&')}`
  }

  function fillForm({ action, method, isJson, fields }: Form, { cookie, csrfToken }: Browser): PageRequest {
    const accept = isJson ? 'application/json' : 'text/html'
    const headers: Record<string, string> = { cookie, origin: url, accept, ...addressHeader() }
    const oddFields = fields.flatMap(([name, value]): [string, string][] => {
      if (name === 'csrf_token') return [[name, value]]
      return chance(0.1) ? [] : [[name, chance(0.4) ? oddText() : value || oddText()]]
    })
    if (chance(0.1)) oddFields.push([oddText().slice(0, 100), oddText()])
    const sent = oddFields.flat().join(' ')
    if (!isJson) return { path: action, init: { method, headers, body: new URLSearchParams(oddFields) }, sent }
    headers['content-type'] = 'application/json'
    headers['x-csrf-token'] = csrfToken
    return { path: action, init: { method, headers, body: JSON.stringify(Object.fromEntries(oddFields)) }, sent }
  }

  /** Collects the links and forms of a page for later. A form that works with and without script is used in either way. */
  async function collect(text: string, { who }: Browser): Promise<void> {
    const ownForms = forms.get(who) ?? new Map<string, Form>()
    forms.set(who, ownForms)
    let open: Form | undefined
    const rewriter = new HTMLRewriter()
      .on('a[href^="/"]', {
        element(element) {
          const link = unescapeHtml(element.getAttribute('href') ?? '').replace(/#.*/, '')
          if (links.size < 500 && link.length < 500 && !/^\/(api|swagger|assets)/.test(link)) links.add(link)
        },
      })
      .on('form[method="post"]', {
        element(element) {
          const attribute = (name: string) => unescapeHtml(element.getAttribute(name) ?? '')
          const action = attribute('action')
          const isJson = action.startsWith('/api/') || (attribute('data-to') !== '' && chance(0.5))
          const form: Form = {
            action: (isJson && attribute('data-to')) || action,
            method: (isJson && attribute('data-method').toUpperCase()) || 'POST',
            isJson,
            fields: [],
          }
          open = form
          element.onEndTag(() => {
            ownForms.set(`${form.method} ${patternOf(form.action)} ${form.fields.map(([name]) => name)}`, form)
            open = undefined
          })
        },
      })
      .on('form[method="post"] [name]', {
        element(element) {
          const attribute = (name: string) => unescapeHtml(element.getAttribute(name) ?? '')
          open?.fields.push([attribute('name'), attribute('value')])
        },
      })
    await rewriter.transform(new Response(text)).text()
  }

  async function visit(browser: Browser, { path, init, sent }: PageRequest): Promise<void> {
    const at = `${init.method ?? 'GET'} ${patternOf(path)}`
    const example = `as ${browser.who}: ${path.slice(0, 500)} ${sent.slice(0, 500)}`
    counts.patterns.add(at)
    let response: Response
    try {
      response = await fetch(url + path, { ...init, redirect: 'manual', signal: AbortSignal.timeout(20_000) })
    } catch (error) {
      return reportFinding(`${at}: no answer (${error instanceof Error ? error.name : error})`, example)
    }
    const { status, headers } = response
    counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1)
    const type = headers.get('content-type') ?? ''
    if (type.startsWith('text/event-stream')) return response.body?.cancel()
    const text = await response.text()
    const location = headers.get('location') ?? '/'
    if (status === 500) reportFinding(`${at}: 500`, `${example} → ${text.slice(0, 200)}`)
    if (!/^\/(?![/\\])/.test(location)) reportFinding(`${at}: leads to ${location.slice(0, 80)}`, example)
    const isSignedOut = status === 401 || location.startsWith('/sign-in') || path.startsWith('/sign-out')
    if (isSignedOut && browser.who !== 'anyone') browsers.delete(browser.who) // signs in again
    if (!/html|json/.test(type)) return

    const everythingSent = `${decodePath(path)} ${sent}`
    const mayShowTraces = path.startsWith('/admin/task-monitor/jobs') // of jobs that failed
    for (const leak of type.includes('html') ? leaks : leaks.slice(0, -1)) {
      const shown = leak.exec(text)
      if (shown && !mayShowTraces && !everythingSent.includes(shown[0].replaceAll(/[<>]/g, '').trim()))
        reportFinding(
          `${at} ${status}: ${shown[0].trim()}`,
          `${example} → …${text.slice(shown.index - 150, shown.index + 150)}`,
        )
    }
    if (!type.includes('html')) return
    if (text.includes('<i data-sent>')) reportFinding(`${at}: what was sent is markup of the page`, example)
    const isRefusalShown = /class="(refusal|error|notice bad)|role="alert"/.test(text)
    if (status >= 400 && init.headers.accept === 'text/html' && !isRefusalShown)
      reportFinding(`${at} ${status}: a refusal without a word`, `${example} → ${text.slice(0, 300)}`)
    await collect(text, browser)
  }

  return {
    counts,
    async next(): Promise<void> {
      const browser = await browserOf(pick([...callers, 'admin']))
      const ownForms = [...(forms.get(browser.who)?.values() ?? [])]
      if (ownForms.length && chance(0.45)) {
        counts.forms++
        return visit(browser, fillForm(pick(ownForms), browser))
      }
      counts.pages++
      const headers = { accept: 'text/html', ...(browser.cookie && { cookie: browser.cookie }), ...addressHeader() }
      return visit(browser, { path: anyPage(), init: { headers }, sent: '' })
    },
  }
}
