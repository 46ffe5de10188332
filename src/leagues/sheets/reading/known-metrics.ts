/**
 * The metrics Fieldhouse knows by name, and what sheets call them. Aliases are compared by `headerKey`: case, spaces and
 * punctuation do not matter. Where several columns would fit one metric, the alias named first wins.
 */

/** The names in lists that are separated by commas. */
export const namesIn = (...lists: string[]): string[] => lists.flatMap(list => list.split(', '))

const killsOfTier = (t: number) =>
  namesIn(
    `T${t} Kills, Tier ${t} Kills, Kills T${t}, Kills Tier ${t}`,
    `T${t} Kill, T${t} Kill Count, T${t} Killed, T${t}`,
  )

export const metricAliases = new Map([
  ['power', namesIn('Power, Total Power, Current Power, PWR')],
  ['kill_points', namesIn('Kill Points, Total Kill Points, Kill Point, KP, Total KP, KP Total')],
  [
    'deads',
    namesIn('Deads, Dead, Deaths, Dead Troops, Troops Dead, Units Dead, Total Deads, Total Deaths, Total Dead'),
  ],
  ['kills_t1', killsOfTier(1)],
  ['kills_t2', killsOfTier(2)],
  ['kills_t3', killsOfTier(3)],
  ['kills_t4', killsOfTier(4)],
  ['kills_t5', killsOfTier(5)],
  ['total_kills', namesIn('Total Kills, Kills Total, Units Killed, Total Units Killed, Kills, Kill Count')],
  [
    'kills_t45',
    namesIn(
      'T45 Kills, T4T5 Kills, T4+T5 Kills, T4+5 Kills, T4 and T5 Kills, T4+ Kills, T45, T4T5, T4+T5',
      'Kills T45, Kills T4T5, Kills T4+T5, Kills T4+',
    ),
  ],
  ['ranged', namesIn('Ranged, Ranged Points, Ranged Kills')],
  ['rss_gathered', namesIn('Rss Gathered, Resources Gathered, Resource Gathered, Rss Gather, Gathered')],
  [
    'rss_assistance',
    namesIn(
      'Rss Assistance, Resource Assistance, Resources Assistance, Rss Assisted, Rss Assist',
      'Resources Given, Rss Given, Resources Sent, Rss Sent',
    ),
  ],
  ['helps', namesIn('Helps, Alliance Helps, Helps Given, Help, Alliance Help, Help Times')],
])

export const idAliases = namesIn(
  'Governor ID, Player ID, Character ID, Member ID, Account ID, User ID, Lord ID, Chief ID',
  'Gov ID, UID, GID, PID, ID',
)

export const nameAliases = namesIn(
  'Governor Name, Player Name, Character Name, Member Name, Display Name, User Name, Lord Name',
  'Chief Name, Gov Name, Nickname, Name, Governor, Player, Member, Nick, IGN',
)

/** Texts about a player that boards can be filtered by. */
export const labelAliases = new Map([
  ['alliance', namesIn('Alliance, Alliance Tag, Tag, Alliance Name, Guild, Clan')],
  ['team', ['Team']],
  ['camp', ['Camp']],
  ['kingdom', namesIn('Kingdom, Kingdom ID, Kingdom Number, Home Kingdom, KD, Home KD, Realm, Realm ID')],
  ['server', namesIn('Server, Server ID, Home Server, State, State ID, Warzone, World, World ID')],
  ['domain', namesIn('Domain, Domain ID')],
])

/** Never a metric, whatever the column holds. */
export const attributeAliases = namesIn(
  'No, Nr, Rank, Ranking, Position, Pos, Place, Row, Index',
  'Rango, Puesto, Posición, Posicion, Rang, Classement, Platz, Fecha, Datum',
  'Alliance ID, Guild ID, Clan ID, Team ID, Alliance Rank',
  'X, Y, X Coordinate, Y Coordinate, Coordinate X, Coordinate Y, Pos X, Pos Y',
  'Date, Timestamp, Scan Date, Last Update, Last Updated, Updated At, Last Seen, Last Online',
)

/** Metrics that are not listed above but are known to rise only, or to be counts. */
const risingSlug =
  /^((t|tier_)[1-5]_)?(deaths?|deads?|kills?)(_(t|tier_)[1-5])?$|^(units_|troops_)?healed$|^severely_wounded$/
const countSlug = /(^|_)power$|^acclaim$|^(city|town)_hall(_level)?$/

/** Counts that only ever rise. One that fell since the baseline is suspicious. */
export const isCumulative = (metric: string): boolean =>
  metric !== 'power' && (metricAliases.has(metric) || risingSlug.test(metric))

/** Never negative: −1, −2 and −3 are scanners' marks for unknown, skipped and unreadable. */
export const isCount = (metric: string): boolean =>
  metricAliases.has(metric) || risingSlug.test(metric) || countSlug.test(metric)
