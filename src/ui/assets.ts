/**
 * The files pages are made with, at `/assets/<name>?v=<hash of the content>`: they may be kept forever, because another
 * content is another address. Modules import each other by bare name here and by hashed address once served.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../package.json' with { type: 'json' }
import { installed, packageFile } from '../installation.ts'
import { type FixedFile, fixedFile } from '../platform/http/responses.ts'

const folder = installed('src/ui/assets')
const uplot = (file: string) => readFileSync(packageFile(`uplot/dist/${file}`), 'utf8')

/** Files of others that are served as they are; uPlot's small build only lacks its export. */
const vendored: Record<string, () => string> = {
  'uplot.js': () => `${uplot('uPlot.iife.min.js')}\nexport default uPlot\n`,
  'uplot.css': () => `@layer vendor{${uplot('uPlot.min.css')}}\n`,
}

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** `imports`: the modules it cannot begin without, theirs too. */
type Asset = { url: string; version: string; file: FixedFile; imports: ReadonlySet<string> }

const assets = new Map<string, Asset>()
for (const name of [...readdirSync(folder), ...Object.keys(vendored)]) assetOf(name)

function assetOf(name: string): Asset {
  const known = assets.get(name)
  if (known) return known
  const source = vendored[name]?.() ?? readFileSync(join(folder, name), 'utf8')
  const imports = new Set<string>()
  const text = source.replaceAll(/(from |import |import\()'\.\/([\w-]+\.js)'/g, (_, before: string, module: string) => {
    const { url, imports: theirs } = assetOf(module)
    if (before !== 'import(') for (const each of [url, ...theirs]) imports.add(each)
    return `${before}'${url}'`
  })
  const version = Bun.hash(text).toString(36)
  const asset = {
    url: `/assets/${name}?v=${version}`,
    version,
    imports,
    file: fixedFile(new TextEncoder().encode(text), types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'),
  }
  assets.set(name, asset)
  return asset
}

/** Another one whenever a page made anew might look different. */
export const looks = Bun.hash([version, ...[...assets.values()].map(({ url }) => url)].join()).toString(36)

export const assetNamed = (name: string): Asset | undefined => assets.get(name)

/** `assetUrl('fieldhouse.css')`. A name that is not there is a bug in a page. */
export const assetUrl = (name: string): string => assetIn(name).url

/** Addresses of what these modules import, each once: a browser told of them early fetches them side by side. */
export const importsOf = (names: readonly string[]): string[] => [
  ...new Set(names.flatMap(name => [...assetIn(name).imports])),
]

function assetIn(name: string): Asset {
  const asset = assets.get(name)
  if (!asset) throw new Error(`There is no asset ${name}`)
  return asset
}
