import { expect, test } from 'bun:test'
import { kinds } from '../src/kinds.ts'
import { leagueInputs } from '../src/leagues/league.ts'
import { marketKindPages } from '../src/leagues/market/kind-pages.ts'
import { boardBody } from '../src/leagues/pages/board-page.ts'
import { newLeagueBody, settingsBody } from '../src/leagues/pages/league-form.ts'
import { leaguesBody } from '../src/leagues/pages/league-list-page.ts'
import { playerBody } from '../src/leagues/pages/player-page.ts'
import { sheetKindPages } from '../src/leagues/sheets/kind-pages.ts'
import { historyBody, uploadBody, uploadsBody } from '../src/leagues/sheets/uploads-page.ts'
import { tourKindPages } from '../src/leagues/tours/kind-pages.ts'
import { type Html, html } from '../src/platform/html.ts'
import { defaultName, setShownName } from '../src/ui/display-name.ts'
import { layout } from '../src/ui/layout.ts'
import { expectGolden } from './golden.ts'
import * as sample from './web-samples.ts'

const { admin, hostile, member, officer, tiers } = sample
const onePage = (total: number) => ({ page: 1, limit: 20, total, pages: total ? 1 : 0 })
const list = { leagues: sample.sampleLeagues, pagination: onePage(5) }
const noLeagues = { leagues: [], pagination: onePage(0) }
const few = sample.sampleBoard({}, { count: 6, total: 1_248 })
const noRows = sample.sampleBoard({}, { count: 0, total: 0 })
const nobody = sample.sampleBoard({ pagination: { page: 1, limit: 50, total: 0, pages: 0 } }, { count: 0 })
const tour = sample.sampleLeague({ id: 8, name: 'The Masters pool', kind: 'tour' })
const golf = sample.sampleBoard(
  { league: { id: 8, name: tour.name, kind: 'tour', status: 'active' }, order: 'asc' },
  { count: 4, total: 4 },
)
golf.rows = golf.rows.map((row, i) => ({
  ...row,
  rank: i + 1,
  score: [-11, -3, 0, null][i] ?? null,
  tier: undefined,
  metrics: { holes: 54 },
  gains: undefined,
}))
const market = sample.sampleLeague({ id: 9, name: 'Trading cup', kind: 'market' })
const trading = sample.sampleBoard(
  { league: { id: 9, name: market.name, kind: 'market', status: 'active' } },
  { count: 3, total: 3 },
)
trading.rows = trading.rows.map((row, i) => ({
  ...row,
  player_id: String(i + 1),
  score: 10_234_567 - i * 99,
  tier: undefined,
  metrics: { return_pct: 2.3457 - i * 3, cash_cents: 50_000 },
  gains: undefined,
}))
const uploadsData = {
  league: sample.sampleLeague(),
  list: { uploads: sample.sampleUploads, pagination: onePage(5) },
  names: new Map([[2, 'olga']]),
  progress: new Map([[35, { percent: 40, stage: 'reading' }]]),
  maxMb: 256,
}
const final = sample.sampleLeague({
  status: 'final',
  finalized_at: '2026-05-01T00:00:00.000Z',
  final_hash: 'ab'.repeat(32),
})

const headings = { kills_t4: 'T4-Kills <K/D %>', 'label:alliance': 'Allianz' }

const pages: Record<string, Html> = {
  'leagues-officer': leaguesBody(list, {}, kinds, officer),
  'leagues-filtered': leaguesBody(noLeagues, { kind: 'tour', q: 'x"y' }, kinds, undefined),
  'leagues-none-officer': leaguesBody(noLeagues, {}, kinds, officer),
  'leagues-none-stranger': leaguesBody(noLeagues, {}, kinds, undefined),
  'league-fields-sheet': html`${sheetKindPages.fields(sample.sampleLeague().config, ['power', 'kills_t4'], ['alliance'], headings)}`,
  'league-fields-tour': html`${tourKindPages.fields({})}`,
  'league-fields-market': html`${marketKindPages.fields({})}`,
  'league-settings-final': settingsBody({ league: final, kind: sheetKindPages, hasPreview: true }, admin),
  'board-live': boardBody(
    { league: sample.sampleLeague(), kind: sheetKindPages, board: { ...few, headings }, tiers },
    {},
    undefined,
  ),
  'board-final-sorted': boardBody(
    { league: final, kind: sheetKindPages, board: { ...few, state: 'final', sort_by: 'power', order: 'asc' }, tiers },
    { sort_by: 'power', order: 'asc', page: '2' },
    member,
  ),
  'board-empty-officer': boardBody(
    { league: sample.sampleLeague(), kind: sheetKindPages, board: noRows, tiers },
    {},
    officer,
  ),
  'board-empty-stranger': boardBody(
    { league: sample.sampleLeague(), kind: sheetKindPages, board: noRows, tiers },
    {},
    undefined,
  ),
  'board-nobody-found': boardBody(
    { league: sample.sampleLeague(), kind: sheetKindPages, board: nobody, tiers },
    { q: 'zzz' },
    undefined,
  ),
  'board-tour': boardBody({ league: tour, kind: tourKindPages, board: golf, tiers }, {}, member),
  'board-market': boardBody({ league: market, kind: marketKindPages, board: trading, tiers, me: '2' }, {}, member),
  'player-card': playerBody(
    { league: sample.sampleLeague(), kind: sheetKindPages, player: sample.samplePlayer(), tiers },
    { metric: 'power' },
    undefined,
  ),
  'player-new': playerBody(
    {
      league: sample.sampleLeague(),
      kind: sheetKindPages,
      player: sample.samplePlayer({
        history: [],
        metrics: { holes: 54, guess: null },
        change: null,
        tier: null,
        percentile: null,
      }),
      tiers,
    },
    {},
    undefined,
  ),
  'uploads-officer': uploadsBody(uploadsData, historyBody(uploadsData, officer), officer),
  'uploads-none-final': uploadsBody(
    { ...uploadsData, league: final },
    historyBody({ ...uploadsData, league: final, list: { uploads: [], pagination: onePage(0) } }, officer),
    officer,
  ),
  'upload-done': uploadBody(
    { league: sample.sampleLeague(), upload: sample.sampleUpload(), errors: sample.uploadErrors },
    officer,
  ),
}

/** Made from the table of fields in league.ts, so they are compared with it rather than with a golden file. */
const forms: Record<string, Html> = {
  'league-new-sheet': newLeagueBody('sheet', kinds),
  'league-new-tour': newLeagueBody('tour', kinds),
  'league-settings': settingsBody({ league: sample.sampleLeague(), kind: sheetKindPages, hasPreview: true }, officer),
}

/** Without what changes with every edit of an asset, and without the empty lines that optional parts of a page leave. */
const normalised = (page: Html) =>
  `${String(page)
    .replaceAll(/\?v=\w+/g, '?v=HASH')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n+/g, '\n')}\n`

for (const [name, page] of Object.entries(pages)) {
  test(`the page ${name} equals its golden file`, () => expectGolden(`pages/${name}.html`, normalised(page)))
}

test('the layout of a page equals its golden file', () => {
  setShownName(defaultName)
  return expectGolden(
    'pages/layout.html',
    normalised(
      layout({ title: 'A & B', who: admin, nav: 'monitor', scripts: ['board.js'], reload: 10, body: html`<h1>A</h1>` }),
    ).replaceAll(/Fieldhouse \d+\.\d+\.\d+/g, 'Fieldhouse VERSION'),
  )
})

/** What a parser makes of markup: every element and attribute there is. */
async function parseHtml(markup: string) {
  const elements: { tag: string; attributes: [string, string][] }[] = []
  const rewriter = new HTMLRewriter().on('*', {
    element: ({ tagName, attributes }) =>
      void elements.push({ tag: tagName, attributes: [...attributes] as [string, string][] }),
  })
  await rewriter.transform(new Response(markup)).text()
  return elements
}

test("a league's form asks for every field of a league and of its kind, and shows what they hold", async () => {
  const fields = Object.keys(leagueInputs)
  const inputsOf = async (form: string) => {
    const named = (await parseHtml(String(forms[form]))).map(({ attributes }) => Object.fromEntries(attributes))
    const values = named
      .filter(({ name }) => name)
      .map(({ name, value, ...rest }) => [name, value ?? rest['data-at']] as const)
    return new Map(values.reverse()) // of one name the first: the form of a copy comes after
  }
  expect([...(await inputsOf('league-new-sheet')).keys()]).toEqual(
    expect.arrayContaining([...fields, 'config.weights']),
  )
  expect([...(await inputsOf('league-new-tour')).keys()]).toEqual(expect.arrayContaining([...fields, 'config.tour']))
  const settings = await inputsOf('league-settings')
  expect([...settings.keys()]).toEqual(expect.arrayContaining([...fields, 'config.weights', 'archived']))
  const { starts_at, ends_at } = sample.sampleLeague()
  expect([settings.get('starts_at'), settings.get('ends_at')]).toEqual([starts_at, ends_at])
  expect(String(forms['league-settings'])).toContain('/api/v1/leagues/7/finalize')
  expect(String(forms['league-new-sheet'])).toContain('href="/leagues/new?kind=market"')
})

test('hostile names stay text on every page', async () => {
  const names = Object.values(hostile)
  const league = (name: string) => sample.sampleLeague({ name })
  for (const name of names) {
    const board = sample.sampleBoard({}, { count: 9, total: 9, names })
    board.rows = board.rows.map((row, i) => ({
      ...row,
      player_id: `${name}${i}`,
      tier: name,
      metrics: { [name || 'm']: 1 },
    }))
    const player = sample.samplePlayer({ name, player_id: name, tier: name, metrics: { [name]: 5 } })
    const upload = sample.sampleUpload({ filename: name, error: name, mapping: { [name]: name } })
    const data = {
      ...uploadsData,
      league: league(name),
      list: { uploads: [upload], pagination: onePage(1) },
      names: new Map([[2, name]]),
    }
    const errors = { errors: [{ line: 1, column: name, value: name, reason: name }], pagination: onePage(1) }
    const bodies = [
      leaguesBody({ leagues: [league(name)], pagination: onePage(1) }, { q: name }, kinds, officer),
      boardBody(
        { league: league(name), kind: sheetKindPages, board, tiers: [name] },
        { q: name, around: name, sort_by: name },
        officer,
      ),
      playerBody({ league: league(name), kind: sheetKindPages, player, tiers: [name] }, { metric: name }, officer),
      uploadsBody(data, historyBody(data, officer), officer),
      uploadBody({ league: league(name), upload, errors }, officer),
      settingsBody(
        {
          league: sample.sampleLeague({
            name,
            config: {
              weights: { [name]: 1 },
              webhook_url: name,
              tiers: [{ name, min: 1 }],
              goals: [{ targets: { [name]: 1 } }],
            },
          }),
          kind: sheetKindPages,
          hasPreview: true,
          preview: sample.samplePreview(name),
        },
        officer,
      ),
    ]
    for (const body of bodies) {
      const page = String(layout({ title: name, who: { ...officer, username: name }, body }))
      const elements = await parseHtml(page)
      const scripts = elements.filter(({ tag }) => tag === 'script')
      expect(scripts.map(({ attributes }) => attributes.map(([key]) => key))).toEqual([['src'], ['type', 'src']])
      const all = elements.flatMap(({ attributes }) => attributes)
      expect(all.filter(([key]) => key.startsWith('on') || key === 'style')).toEqual([])
      expect(all.filter(([key, value]) => (key === 'href' || key === 'action') && !/^[/#]/.test(value))).toEqual([])
    }
  }
})

test('no page has inline styles or scripts, and every id on it is unique', async () => {
  for (const [name, page] of Object.entries({ ...pages, ...forms })) {
    const elements = await parseHtml(String(page))
    expect([name, elements.filter(({ tag }) => tag === 'script' || tag === 'style')]).toEqual([name, []])
    const ids = elements.flatMap(({ attributes }) => attributes.filter(([key]) => key === 'id').map(([, id]) => id))
    expect([name, ids.filter((id, i) => ids.indexOf(id) !== i)]).toEqual([name, []])
  }
})
