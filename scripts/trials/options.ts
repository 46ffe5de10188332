/** Options of the trials: numbers with their defaults, and words. Every trial has a seed, which is printed. */
import { helpFirst, helpOf, misused } from '../script-help.ts'

export function trialOptions<N extends Record<string, number>, W extends string>(
  path: string,
  numbers: N,
  words: readonly W[] = [],
): Record<keyof N | 'seed', number> & Partial<Record<W, string>> {
  helpFirst(path, { any: true })
  const args = process.argv.slice(2)
  const fallbacks: Record<string, number> = { ...numbers, seed: Math.floor(Math.random() * 1e9) }
  const values: Record<string, number | string> = { ...fallbacks }
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]?.replace(/^--/, '') ?? ''
    const value = args[i + 1]
    const isNumber = name in fallbacks && Number.isFinite(Number(value))
    if (value === undefined || !(isNumber || words.some(word => word === name))) {
      console.error(`${args[i]} ${value ?? ''} is not understood.\n\n${helpOf(path)}`)
      process.exit(misused)
    }
    values[name] = isNumber ? Number(value) : value
  }
  console.log(`seed ${values.seed}`)
  return values as Record<keyof N | 'seed', number> & Partial<Record<W, string>>
}
