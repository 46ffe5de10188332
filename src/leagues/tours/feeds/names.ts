const suffix = /^(jr|sr|ii|iii|iv)\.?$/i

/**
 * "Last, First" → "First Last". Suffixes go last wherever the feed put them: "van der Berg, Jan Jr.",
 * "Love III, Davis" and "Varner, Harold, III". Names without a comma stay as they are. A mark for amateurs, "(a)", is removed.
 */
export function firstLast(name: string): string {
  const [family = '', ...given] = name
    .replace(/\s*\((a|am)\)/i, '')
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
  if (given.length === 0) return family

  const words = [...given.flatMap(part => part.split(/\s+/)), ...family.split(/\s+/)]
  const isSuffix = (word: string) => suffix.test(word) && words.length > 2
  return [...words.filter(word => !isSuffix(word)), ...words.filter(isSuffix)].join(' ')
}
