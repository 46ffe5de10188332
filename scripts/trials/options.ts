/** Options of the trials: numbers with their defaults, and words. Every trial has a seed, which is printed. */
import { helpFirst, helpOf, misused } from '../script-help.ts'

export function trialOptions<N extends Record<string, number>, W extends string>(
  path: string,
  numbers: N,
  words: readonly W[] = [],
): Record<keyof N | 'seed', number> & Partial<Record<W, string>> {
  helpFirst(path, { any: true })
  const given = process.argv.slice(2)
  const fallbacks: Record<string, number> = { ...numbers, seed: Math.floor(Math.random() * 1e9) }
  const read: Record<string, number | string> = { ...fallbacks }
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i]?.replace(/^--/, '') ?? ''
    const value = given[i + 1]
    const isNumber = name in fallbacks && Number.isFinite(Number(value))
    if (value === undefined || !(isNumber || words.some(word => word === name))) {
      console.error(`${given[i]} ${value ?? ''} is not understood.\n\n${helpOf(path)}`)
      process.exit(misused)
    }
    read[name] = isNumber ? Number(value) : value
  }
  console.log(`seed ${read.seed}`)
  return read as Record<keyof N | 'seed', number> & Partial<Record<W, string>>
}
