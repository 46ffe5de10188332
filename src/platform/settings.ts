/** The kinds of settings a table can hold. Each reads one environment variable or says what was expected. */
export type Setting<T> = {
  env: string
  doc: string
  fallback: T
  secret: boolean
  /** Throws a sentence fragment: what was expected. */
  read(text: string): T
}

const setting = <T>(env: string, fallback: T, doc: string, read: (text: string) => T, secret = false): Setting<T> => ({
  env,
  doc,
  fallback,
  secret,
  read,
})

const expected = (what: string): never => {
  throw new Error(`expected ${what}`)
}

export const int = (env: string, fallback: number, doc: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}) =>
  setting(env, fallback, doc, text => {
    const value = Number(text)
    return Number.isInteger(value) && value >= min && value <= max
      ? value
      : expected(
          max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`,
        )
  })

export const fraction = (env: string, fallback: number, doc: string) =>
  setting(env, fallback, doc, text => {
    const value = Number(text)
    return value >= 0 && value <= 1 ? value : expected('a number from 0 to 1')
  })

const yes = new Set(['true', '1', 'yes', 'on'])
const no = new Set(['false', '0', 'no', 'off'])
export const bool = (env: string, fallback: boolean, doc: string) =>
  setting(env, fallback, doc, text => {
    const word = text.toLowerCase()
    return yes.has(word) ? true : no.has(word) ? false : expected('true or false')
  })

type TextOptions = { pattern?: RegExp; expects?: string; secret?: boolean }
const matching =
  ({ pattern, expects = 'some text' }: TextOptions) =>
  (value: string) =>
    !pattern || pattern.test(value) ? value : expected(expects)

export const text = (env: string, fallback: string, doc: string, options: TextOptions = {}) =>
  setting(env, fallback, doc, matching(options), options.secret)
/** Undefined unless set. */
export const maybe = (env: string, doc: string, options: TextOptions = {}) =>
  setting<string | undefined>(env, undefined, doc, matching(options), options.secret)

export const oneOf = <const T extends string>(env: string, choices: readonly T[], fallback: T, doc: string) =>
  setting<T>(env, fallback, doc, value => choices.find(choice => choice === value) ?? expected(choices.join(' or ')))

/** A cron line of five parts that fires at some time. */
export const cronLine = (env: string, fallback: string, doc: string) =>
  setting(env, fallback, doc, line => {
    const refused = () => expected(`a cron line of five parts, such as ${fallback}`)
    try {
      return Bun.cron.parse(line) ? line : refused()
    } catch {
      return refused()
    }
  })

type UrlOptions = { secret?: boolean; accepts?: (url: URL) => boolean; expects?: string }
export const url = (
  env: string,
  protocols: readonly string[],
  doc: string,
  {
    secret = false,
    accepts = () => true,
    expects = `a URL beginning with ${protocols.join('// or ')}//`,
  }: UrlOptions = {},
) =>
  setting<string | undefined>(
    env,
    undefined,
    doc,
    value => {
      const parsed = URL.canParse(value) ? new URL(value) : undefined
      return parsed && protocols.includes(parsed.protocol) && accepts(parsed)
        ? value.replace(/(?<=\w:\/\/[^/]+)\/$/, '') // the slash after a bare host means nothing
        : expected(expects)
    },
    secret,
  )

export type SettingValues<Table extends Record<string, Setting<unknown>>> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never
}

/** Some of the settings, as the environment of one of our programs. */
export const envOf = <Table extends Record<string, Setting<unknown>>>(
  table: Table,
  values: SettingValues<Table>,
  names: readonly (keyof Table)[],
): Record<string, string> =>
  Object.fromEntries(
    names.flatMap(name => {
      const { env } = table[name] as Setting<unknown>
      return values[name] === undefined ? [] : [[env, String(values[name])]]
    }),
  )

/** Reads the whole table; all mistakes are reported together, secrets masked. `checkCombinations` finds settings that do not go with each other. */
export function readSettings<Table extends Record<string, Setting<unknown>>>(
  table: Table,
  env: Record<string, string | undefined>,
  checkCombinations: (values: SettingValues<Table>, isSet: (variable: string) => boolean) => string[] = () => [],
): SettingValues<Table> {
  const mistakes: string[] = []
  const entries = Object.entries(table).map(([name, { env: variable, read, fallback, secret }]) => {
    const given = env[variable]?.trim()
    if (!given) return [name, fallback]
    try {
      return [name, read(given)]
    } catch (error) {
      mistakes.push(`${variable}=${secret ? mask(given) : given}: ${(error as Error).message}`)
      return [name, fallback]
    }
  })
  const values: SettingValues<Table> = Object.fromEntries(entries)
  mistakes.push(...checkCombinations(values, variable => Boolean(env[variable]?.trim())))
  if (mistakes.length) throw new Error(`These settings cannot be used:\n${mistakes.map(m => `  ${m}`).join('\n')}`)
  return values
}

/** Variables that are set and look like a setting with a slip of the pen. They would change nothing, without a word. */
export function misspelledSettings(table: Record<string, Setting<unknown>>, env: Record<string, unknown>): string[] {
  const known = Object.values(table).map(setting => setting.env)
  return Object.keys(env).flatMap(given => {
    const meant = known.includes(given) ? undefined : known.find(name => name.length > 5 && isSlip(given, name))
    return meant ? `${given} is not a setting; did you mean ${meant}?` : []
  })
}

/** Without underscores they are the same but for one letter, or two that are swapped. */
function isSlip(given: string, name: string): boolean {
  const [a, b] = [given.replaceAll('_', ''), name.replaceAll('_', '')]
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [was, is] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  return Math.max(was.length, is.length) < 2 || (was.length === 2 && was === `${is[1]}${is[0]}`)
}

/** Shows that a secret is set and how long it is, and nothing of its content. */
export const mask = (secret: string) => `… (${secret.length} characters)`

export type SettingLine = { env: string; value: string; fallback: string; doc: string }

/** The table as an operator reads it: what is in force, the default, and what it is for. */
export function settingLines<Table extends Record<string, Setting<unknown>>>(
  table: Table,
  values: SettingValues<Table>,
): SettingLine[] {
  const shown = (value: unknown, secret: boolean) =>
    value === undefined ? '' : secret ? mask(String(value)) : String(value)
  return Object.entries(table).map(([name, { env, doc, fallback, secret }]) => ({
    env,
    value: shown(values[name], secret),
    fallback: shown(fallback, secret),
    doc,
  }))
}
