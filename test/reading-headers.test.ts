import { describe, expect, test } from 'bun:test'
import { randomFrom } from '../scripts/random.ts'
import { isCumulative } from '../src/leagues/sheets/reading/known-metrics.ts'
import { readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { read, refusal, sheetRows, texts, utf8, valuesOf } from './fixtures/sheets/reads.ts'
import { csv, governors, heroScrollsHeaders, rokTrackerCsv, rokTrackerHeaders } from './fixtures/sheets/scans.ts'

const mappingOf = async (headers: string[], cells = headers.map(() => '1')) =>
  (await read(csv([headers, cells]))).mapping

describe('headings', () => {
  test('of a RokTracker scan are known', async () => {
    expect(await mappingOf(rokTrackerHeaders)).toEqual({
      ID: 'id',
      Name: 'name',
      Power: 'power',
      Killpoints: 'kill_points',
      Deads: 'deads',
      'T1 Kills': 'kills_t1',
      'T2 Kills': 'kills_t2',
      'T3 Kills': 'kills_t3',
      'T4 Kills': 'kills_t4',
      'T5 Kills': 'kills_t5',
      'Total Kills': 'total_kills',
      'T45 Kills': 'kills_t45',
      Ranged: 'ranged',
      'Rss Gathered': 'rss_gathered',
      'Rss Assistance': 'rss_assistance',
      Helps: 'helps',
      Alliance: 'label:alliance',
    })
  })

  test('are kept for people as they are written, but for names that a program wrote', async () => {
    const written = [
      'ID',
      'VS\u202e  Punkte ',
      'T4-Kills',
      '戦力',
      'kill_points',
      'aktivität',
      `Long ${'W'.repeat(60)}`,
      'W/L',
      'W L',
      'Score',
      "'-Minus",
    ]
    const { metrics } = await read(csv([written, written.map(() => '1')]))
    const headings = metrics.map(({ name, heading }) => [name.slice(0, 20), heading])
    expect(headings).toEqual([
      ['vs_punkte', 'VS Punkte'],
      ['kills_t4', 'T4-Kills'],
      ['power', '戦力'],
      ['kill_points', undefined],
      ['aktivität', undefined],
      ['long_wwwwwwwwwwwwwww', undefined],
      ['w_l', 'W/L'],
      ['w_l_2', undefined],
      ['points', undefined],
      ['minus', '-Minus'],
    ])
  })

  test('that are too long are cut between characters', async () => {
    const heading = `A${'𠮷'.repeat(40)}`
    expect(await mappingOf(['ID', heading])).toEqual({ ID: 'id', [heading]: `a${'𠮷'.repeat(29)}` })
  })

  test('of a Hero Scrolls export are known, and the others keep their own names', async () => {
    expect(await mappingOf(heroScrollsHeaders)).toMatchObject({
      'Governor ID': 'id',
      'Governor Name': 'name',
      'Kill Points': 'kill_points',
      'T5 Kills': 'kills_t5',
      'Helps Given': 'helps',
      'Resources Gathered': 'rss_gathered',
      'Resources Given': 'rss_assistance',
      Acclaim: 'acclaim',
      'Troop Power': 'troop_power',
      'Town Hall': 'town_hall',
    })
  })

  test('match whatever their case and punctuation', async () => {
    expect(
      await mappingOf(['governor_id', 'GOVERNOR-NAME', '"Power"', 'kill points:', 'T1_KILLS', 'T4+T5 kills']),
    ).toEqual({
      governor_id: 'id',
      'GOVERNOR-NAME': 'name',
      '"Power"': 'power',
      'kill points:': 'kill_points',
      T1_KILLS: 'kills_t1',
      'T4+T5 kills': 'kills_t45',
    })
  })

  test('prefer the closer alias, and leave the other column its own name', async () => {
    expect(await mappingOf(['ID', 'Governor ID', 'Kills', 'Total Kills'])).toEqual({
      'Governor ID': 'id',
      Kills: 'kills',
      'Total Kills': 'total_kills',
    })
  })

  test('that are unknown become metrics if numbers are below', async () => {
    const sheet = await read(
      'id,City Hall Level,K/D %,Note,Очки,Score,Goal %,Players,Power,Power,constructor,__proto__,#,Unnamed: 0\n' +
        '1,25,1.5,hi,5,6,6,6,7,8,9,10,1,0\n2,n/a,,x,5,6,6,6,7,8,9,10,2,1\n',
    )
    expect(sheet.mapping).toEqual(
      Object.fromEntries([
        ['id', 'id'],
        ['City Hall Level', 'city_hall_level'],
        ['K/D %', 'k_d_pct'],
        ['Очки', 'очки'],
        ['Score', 'points'],
        ['Goal %', 'goal_pct_value'], // boards sort by `goal_pct` as they do by `score`
        ['Players', 'players_value'],
        ['Power', 'power'],
        ['Power (2)', 'power_2'],
        ['constructor', 'constructor_value'],
        ['__proto__', 'proto'],
      ]),
    )
    expect(sheet.ignored).toEqual(['Note', '#', 'Unnamed: 0'])
    expect(sheet.metrics.map(({ name }) => name)).toContain('power')
    expect(new Set(sheet.metrics.map(({ name }) => name)).size).toBe(sheet.metrics.length)
  })

  test('of an alliance make a label, and those of a rank nothing', async () => {
    expect(await mappingOf(['Rank', 'ID', 'Alliance', 'Alliance Tag', 'Power'])).toEqual({
      ID: 'id',
      Alliance: 'label:alliance',
      Power: 'power',
    })
  })

  test('of ratios are numbers: KD is a kingdom, K/D is not', async () => {
    const headers = ['ID', 'Name', 'Power', 'KD', 'K/D']
    expect(await mappingOf(headers, ['1', 'Ann', '7', '1198', '2.5'])).toMatchObject({
      KD: 'label:kingdom',
      'K/D': 'k_d',
    })
    expect(await mappingOf(['ID', 'Power', 'K / D'], ['1', '7', '2.5'])).toMatchObject({ 'K / D': 'k_d' })
  })

  test('in other languages are known', async () => {
    for (const headers of [
      ['領主ID', '名前', '同盟', 'パワー', '撃破ポイント', '戦死', 'T4撃破'],
      ['玩家ID', '昵称', '联盟', '战力', '击杀点数', '阵亡', 'T4击杀'],
      ['총독 ID', '이름', '연맹', '전투력', '처치 포인트', '전사', 'T4 킬'],
      ['ID игрока', 'Имя', 'Альянс', 'Мощь', 'Очки убийств', 'Погибшие', 'Убийства Т4'],
      ['ID del jugador', 'Nombre', 'Alianza', 'Poder', 'Puntos de asesinato', 'Muertos', 'Asesinatos T4'],
      ['ID du joueur', 'Nom', "Nom de l'alliance", 'Puissance', "Points d'élimination", 'Morts', 'Éliminations T4'],
      ['Spieler-ID', 'Spielername', 'Allianz', 'Macht', 'Kill-Punkte', 'Tote', 'T4-Tötungen'],
      ['ID', 'JOUEUR', 'Guilde', 'Puissance totale', 'Points d’elimination', 'Troupes mortes', 'Eliminations T4'],
      ['ID', 'Spieler', 'Buendnis', 'Gesamtmacht', 'Toetungspunkte', 'Gefallene', 'Totungen T4'],
    ])
      expect(Object.values(await mappingOf(headers))).toEqual([
        ...['id', 'name', 'label:alliance', 'power', 'kill_points', 'deads', 'kills_t4'],
      ])
  })

  test('of unknown metrics keep the letters of their script', async () => {
    expect(await mappingOf(['ID', 'ポイント', 'ﾎﾟｲﾝﾄ 2', '명예', 'Йод', 'Café', '⚔️ Power', 'เหรียญ'])).toEqual({
      ID: 'id',
      ポイント: 'ポイント',
      'ﾎﾟｲﾝﾄ 2': 'ポイント_2',
      명예: '명예',
      Йод: 'йод',
      Café: 'café',
      '⚔️ Power': 'power',
      เหรียญ: 'เหรียญ',
    })
  })

  test('over blank cells become metrics if numbers follow far below, and only then', async () => {
    const blank = Array.from({ length: 30_000 }, (_, i) => `${i},1,,,\n`).join('')
    const sheet = await read(`id,power,late,words,never\n${blank}x,1,5,6,\ny,1,,six,\n`)
    expect(sheet.metrics.map(({ name }) => name)).toEqual(['power', 'late'])
    expect(sheet.rowsBad).toBe(0)
    expect(sheet.ignored).toEqual(['words', 'never'])
  })

  test('may stand below titles and blank lines', async () => {
    const sheet = await read('Kingdom 3584,,\nScan taken,2026-01-05 17:12 UTC,\n\n,,\nID,Name,Power\n1,a,5\n')
    expect(sheet).toMatchObject({ headerLine: 5, takenAt: '2026-01-05T17:12:00.000Z', rows: 1 })
    for (const [title, takenAt] of [
      ['Stand: 05.01.2026', '2026-01-05'],
      ['Allianz WOLF;05.01.2026, 17:12', '2026-01-05T17:12:00.000Z'],
      ['Gegründet 05.01.2026', null],
      ['Stand: 30.02.2026', null],
    ])
      expect(await read(`${title}\nSpieler-ID;Name;Macht\n1;a;5\n`)).toMatchObject({ takenAt })
  })

  test('may stand in two rows, where one is over several of the next', async () => {
    const two = 'ID,Name,Power,Kills,,Deads,\n,,,T4,T5,T4,T5\n1,Ann,9,10,20,30,40\n2,Bob,8,11,21,31,41\n'
    const sheet = await read(two)
    expect(sheet.mapping).toEqual({
      ID: 'id',
      Name: 'name',
      Power: 'power',
      'Kills T4': 'kills_t4',
      'Kills T5': 'kills_t5',
      'Deads T4': 'deads_t4',
      'Deads T5': 'deads_t5',
    })
    expect([sheet.headerLine, sheet.rows, sheet.rowsBad]).toEqual([2, 2, 0])
    for (const next of ['7,,,T4,T5', ',Cy,,T4,T5', ',,,1,2', ',,note,T4,T5', ',,,T4,'])
      expect([next, (await read(two.replace(',,,T4,T5,T4,T5', next))).headerLine]).toEqual([next, 1])
  })

  test('of tiers belong to the metric above them: T4 below Deads is no kill', async () => {
    const columns = async (groups: string, mapping = {}) =>
      Object.values((await read(`${groups}\nID,Name,T4,T5,Food,T4\n1,Ann,1,2,3,4\n`, { mapping })).mapping).slice(2)
    expect(await columns(',,Deads,,,Kills')).toEqual(['deads_t4', 'deads_t5', 'food', 'kills_t4'])
    expect(await columns('Season 4,,,,,')).toEqual(['kills_t4', 'kills_t5', 'food', 't4_2'])
    expect(await columns(',,Deads,,,Kills', { T4: 'honor' })).toEqual(['honor', 'deads_t5', 'food', 'kills_t4'])
  })

  test('are followed by example rows in templates, which are no players', async () => {
    const sheet = await read(
      'governor_id,t4_deaths,t5_deaths,notes\n' +
        'Example: 172867508,0,0,Optional admin notes\nExample: 75868465,zero,0,\n5,10,20,\nTotal,10,20,\n',
    )
    expect(sheetRows(sheet)).toEqual([['5', '5', 10, 20]])
    expect(sheet).toMatchObject({ rowsTotal: 1, rowsBad: 0, rowsSkipped: 3 })
    expect(sheet.notes.at(-1)).toStartWith('Left out as an example, a sum or a remark, not a player: “Ex')
    expect(sheet.metrics.map(({ name, cumulative }) => [name, cumulative])).toEqual([
      ['t4_deaths', true],
      ['t5_deaths', true],
    ])
  })

  test('of a second table below the first or beside it make a sheet doubtful', async () => {
    const table = 'Spieler-ID;Name;Macht\n7;Ann;5\n8;Bob;6\n'
    const sheet = await read(`${table}Summe;;11\n;;\n;;\nRang;Bank;Wert\n1;Holz;9\n`)
    expect(sheetRows(sheet).map(([id]) => id)).toEqual(['7', '8', '1'])
    const message =
      'Line 7, “Rang”, looks like the headings of a second table: 1 row below it would be read as players too'
    expect(sheet.doubts).toEqual([{ reason: 'second_table', count: 1, of: 3, message }])
    const unclear = await read(
      `${table}9;Cy;1,234\n10;Di;2,5\n11;Ed;1,234,567\n\nRang;Bank;Wert\n1;Holz;9\n2;Erz;1,235\n`,
    )
    expect([unclear.errors.map(({ line }) => line), unclear.doubts[0]]).toEqual([
      [4, 8, 10],
      expect.objectContaining({ count: 1, of: 5 }),
    ])
    for (const rest of [`\n${table}`, 'Rang;Bank;Wert\n', '\nZoe;Zoe;n/a 3\n', '\n9;Cy;none\n', '\nRang;Bank;Wert\n'])
      expect(await read(table + rest)).toMatchObject({ notes: [], doubts: [] })

    const beside = 'ID,Name,Power,,ID,Name,Power\n1,a,5,,11,aa,55\n'
    expect((await read(beside)).doubts).toMatchObject([
      { reason: 'second_table', message: expect.stringContaining('side by side') },
    ])
    expect((await read(beside, { mapping: { 'Power (2)': null } })).doubts).toEqual([])
    expect(await read('ID,Power,ID,Deads\n1,5,1,7\n')).toMatchObject({ notes: [], doubts: [] })
    const weeks = await read(',Week 1,Week 2\nID,Power,Power\n1,5,6\n')
    expect(weeks.notes).toEqual([
      'Some headings stand more than once. The first column of each has its name; the others are "Power (2)".',
    ])
    const years = 'ID,Points (2025),ID,Points\n1,5,1,6\n'
    expect(await read(years)).toMatchObject({ notes: [], doubts: [] })
  })

  test('have sums, titles and remarks below them, which are no players', async () => {
    const table = 'ID;Name;Power\n7;Ann;5\n'
    const others = [
      'Total:;;5',
      'Zwischensumme;;5',
      '合计;;5',
      ';Total;5',
      'Wing B;;',
      'Guests;;',
      'Scanned by Bob, 5 March;;',
    ]
    const sheet = await read(`${table}${others.join('\n')}\n\nx9;;\nTotalus;;3\n8;Total;6\n`)
    expect(texts(sheet.ids)).toEqual(['7', 'x9', 'Totalus', '8'])
    expect(sheet).toMatchObject({ rowsBad: 0, rowsSkipped: others.length })
    expect(sheet.notes).toEqual([
      'Left out as an example, a sum or a remark, not a player: “Total:” on line 3, “Zwischensumme” on line 4, “合计” on line 5 and 4 more',
    ])
    expect(texts((await read('ID,Power\nu1,\nfar away,\n')).ids)).toEqual(['u1'])
  })

  test('may have words for ids, of which one with nothing else is a player too', async () => {
    const mapping = { Player: 'id' }
    const people = await read('Player,Points\nAnn Smith,12\nBob Jones,\nCy,3\nDi Vo,\n', { mapping })
    expect(texts(people.ids)).toEqual(['Ann Smith', 'Bob Jones', 'Cy', 'Di Vo'])
    const users = await read('User ID,Name,Alliance,Points\nann@x.org,Ann,,5\nbob@x.org,,,\n7,Cy,,5\nnew ones,,Red,\n')
    expect(texts(users.ids)).toEqual(['ann@x.org', 'bob@x.org', '7', 'new ones'])
    expect([people.notes, users.notes]).toEqual([[], []])
  })

  test('say which metrics only rise', () => {
    expect(['kill_points', 'deads', 'kills_t5', 'helps', 'rss_gathered', 'healed'].every(isCumulative)).toBe(true)
    expect(['power', 'troop_power', 'points', 'acclaim', 'kills_per_day'].some(isCumulative)).toBe(false)
  })
})

describe('a mapping', () => {
  test('overrides what would be recognised', async () => {
    const sheet = await read('Player,ID,Power,Strength,Deads\nann,7,1,2,3\n', {
      mapping: { player: 'id', Strength: 'Power', deads: null },
    })
    expect(sheet.mapping).toEqual({ Player: 'id', Strength: 'power', Power: 'power_2' })
    expect(sheetRows(sheet)).toEqual([['ann', 'ann', 1, 2]])
  })

  test('makes a metric of any column, so that its words are errors', async () => {
    const sheet = await read('id,a,b\n1,x,5\n2,y,6\n3,7,8\n', { mapping: { a: 'honor' } })
    expect(valuesOf(sheet, 'honor')).toEqual([7])
    expect(sheet.rowsBad).toBe(2)
  })

  test('that names no header of the sheet is refused', async () => {
    const failure = await refusal(read('id,power\n1,5\n', { mapping: { Points: 'points' } }))
    expect(failure.code).toBe('bad_mapping')
    expect(failure.message).toContain('"Points". The sheet has: "id", "power".')
  })

  test('that gives one metric to two headers is refused', async () => {
    const work = read('id,a,b\n1,5,6\n', { mapping: { a: 'honor', b: 'Honor' } })
    expect((await refusal(work)).code).toBe('bad_mapping')
  })
})

describe('a sheet', () => {
  test('without an id says what was looked for and what there is', async () => {
    const failure = await refusal(read('Season 3\nplayer,points\nann,7\n'))
    expect(failure.code).toBe('no_id')
    expect(failure.message).toContain('Governor ID')
    expect(failure.message).toContain('The sheet has: "player", "points".')
    expect(failure.message).toContain('{"player":"id"}')
  })

  test('with all columns in one says so', async () => {
    const spaced = ['ID   Name   Power\n1    a      5\n', '"id" "power"\n"1" 123 5\n', 'ID:Power\n1:5\n']
    for (const lines of ['"ID,Name,Power"\n"1,a,5"\n', '"Governor ID;Power"\n"1;5"\n', ...spaced])
      expect((await refusal(read(lines))).message).toContain('All columns stand in one')
  })

  test('without a metric says so', async () => {
    const failure = await refusal(read('id,name,alliance\n1,a,b\n'))
    expect(failure.code).toBe('no_metric')
    expect(failure.message).toContain('Kill Points')
    expect((await refusal(read('id\n1\n2\n'))).code).toBe('no_metric')
  })

  test('of a scan comes out as it went in', async () => {
    const list = governors(3000, randomFrom(3))
    const sheet = await readSheet(utf8(rokTrackerCsv(list)))
    expect(texts(sheet.ids)).toEqual(list.map(({ id }) => id))
    expect(texts(sheet.names)).toEqual(list.map(({ name }) => name))
    expect(valuesOf(sheet, 'kill_points')).toEqual(list.map(({ killPoints }) => killPoints))
    expect(valuesOf(sheet, 'rss_assistance')).toEqual(list.map(({ assistance }) => assistance))
    expect(sheet.suspiciousCount).toBe(0)
  })

  test('whose kills do not add up to its kill points lists the rows', async () => {
    const list = governors(50, randomFrom(4))
    list[7]!.killPoints += 1
    list[9]!.kills[0]! = -1 // unknown, so nothing can be said
    const sheet = await readSheet(utf8(rokTrackerCsv(list)))
    const right = list[7]!.killPoints - 1
    expect(sheet.suspiciousCount).toBe(1)
    expect(sheet.suspicious).toEqual([
      { line: 9, column: 'Killpoints', value: String(right + 1), reason: `the kills add up to ${right} kill points` },
    ])
    expect(sheet.rows).toBe(50)
  })
})
