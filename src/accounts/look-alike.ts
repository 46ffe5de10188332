/** Names that look the same count as the same name: nobody can imitate another's name with letters of another script. */

/** Each small letter with the letters of other scripts that look like it, small or capital. */
const lookAlikes: Record<string, string> = {
  a: 'аα',
  b: 'вβ',
  c: 'сϲ',
  d: 'ԁ',
  e: 'еεҽ',
  g: 'ɡ',
  h: 'нһη',
  i: 'іιı',
  j: 'јϳ',
  k: 'кκ',
  l: 'ӏ',
  m: 'мμ',
  n: 'ո',
  o: 'оοօ',
  p: 'рρ',
  q: 'ԛ',
  s: 'ѕ',
  t: 'тτ',
  u: 'υս',
  v: 'νѵ',
  w: 'ԝω',
  x: 'хχ',
  y: 'уγү',
  z: 'ζ',
  ë: 'ё',
  ï: 'ї',
}
const plainLetterOf = new Map(
  Object.entries(lookAlikes).flatMap(([letter, others]) => [...others].map(other => [other, letter])),
)

/** Equal for names that look alike; as long as the name. */
export const skeleton = (name: string): string =>
  [...name.normalize('NFKC').toLowerCase().replaceAll('i\u0307', 'i')]
    .map(letter => plainLetterOf.get(letter) ?? letter)
    .join('')
