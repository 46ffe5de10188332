/** Matches a list of names to the names on a feed. Pure. */
import { firstLast } from './feeds/names.ts'

export type NamedPlayer = { player_id: string; name: string }

const letters: Record<string, string> = { ø: 'o', æ: 'ae', œ: 'oe', ß: 'ss', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }

/** Plain lower-case words, first name first: "Højgaard, Nicolai" and "NICOLAI HOJGAARD" are the same. */
export function nameWords(name: string): string[] {
  return firstLast(name)
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[øæœßłđðþı]/g, letter => letters[letter] ?? letter)
    .replace(/['’`.]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}

export const nameKey = (name: string) => nameWords(name).join(' ')

const suffixes = new Set(['jr', 'sr', 'ii', 'iii', 'iv'])
const withoutSuffix = (words: string[]) => {
  const rest = words.filter(word => !suffixes.has(word))
  return rest.length > 1 ? rest : words
}

/** From strict to loose: two names match by the first key that exactly one player has on each side. */
const keys: readonly ((words: string[]) => string)[] = [
  words => words.join(' '),
  words => withoutSuffix(words).join(' '),
  words => withoutSuffix(words).join(''), // Si Woo, Siwoo
  words => withoutSuffix(words).sort().join(' '), // Kim Si Woo
  words =>
    withoutSuffix(words)
      .join('')
      .replace(/[aou]e/g, vowels => vowels.charAt(0)), // Jaeger, Jäger
]

/** The player on the feed for each id in the list that can be matched. If two match equally well, neither is taken. */
export function matchPlayers(list: readonly NamedPlayer[], feed: readonly NamedPlayer[]): Map<string, string> {
  const found = new Map<string, string>()
  const taken = new Set<string>()
  const settle = (mine: NamedPlayer, theirs: NamedPlayer) => {
    found.set(mine.player_id, theirs.player_id)
    taken.add(theirs.player_id)
  }
  const onFeed = new Map(feed.map(player => [player.player_id, player]))
  for (const player of list) {
    const same = onFeed.get(player.player_id)
    if (same) settle(player, same)
  }
  const unmatchedBoth = () => [
    list.filter(({ player_id }) => !found.has(player_id)),
    feed.filter(({ player_id }) => !taken.has(player_id)),
  ]
  for (const key of keys) {
    const [mine = [], theirs = []] = unmatchedBoth()
    const byKey = Map.groupBy(theirs, ({ name }) => key(nameWords(name)))
    for (const [written, [player, ...others]] of Map.groupBy(mine, ({ name }) => key(nameWords(name)))) {
      const [match, ...rest] = byKey.get(written) ?? []
      if (player && match && others.length + rest.length === 0) settle(player, match)
    }
  }
  const [mine = [], theirs = []] = unmatchedBoth()
  for (const player of mine) {
    const [match, ...others] = theirs.filter(each => isShortFor(player, each))
    if (match && others.length === 0 && mine.filter(each => isShortFor(each, match)).length === 1) settle(player, match)
  }
  return found
}

/** The same family name, and one first name is short for the other: R. McIlroy, Matt and Matthew Fitzpatrick. */
function isShortFor(one: NamedPlayer, other: NamedPlayer): boolean {
  const [a, b] = [one, other].map(({ name }) => withoutSuffix(nameWords(name)))
  const [first = '', second = ''] = [a?.[0], b?.[0]]
  if (!a || !b || a.length < 2 || a.slice(1).join(' ') !== b.slice(1).join(' ')) return false
  return first.startsWith(second) || second.startsWith(first)
}
