/**
 * The scripts, styles and images of pages, at `/assets/<name>?v=<hash of the content>`. Browsers may keep them forever, because
 * new content gets a new address. Modules import each other by bare name in the source, and by hashed address once served.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../package.json' with { type: 'json' }
import { installed, packageFile } from '../installation.ts'
import { type FixedFile, fixedFile } from '../platform/http/responses.ts'

const folder = installed('src/ui/assets')
const uplot = (file: string) => readFileSync(packageFile(`uplot/dist/${file}`), 'utf8')

/** Files of other projects, served unchanged; uPlot's small build only lacks its export. */
const vendored: Record<string, () => string> = {
  'uplot.js': () => `${uplot('uPlot.iife.min.js')}\nexport default uPlot\n`,
  'uplot.css': () => `@layer vendor{${uplot('uPlot.min.css')}}\n`,
}

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
}

/** `imports`: the modules that it imports, and theirs. */
type Asset = { url: string; version: string; file: FixedFile; imports: ReadonlySet<string> }

const assets = new Map<string, Asset>()
for (const name of [...readdirSync(folder), ...Object.keys(vendored)]) assetOf(name)

function assetOf(name: string): Asset {
  const known = assets.get(name)
  if (known) return known
  const source = vendored[name]?.() ?? readFileSync(join(folder, name))
  const imports = new Set<string>()
  const withAddresses = (script: string) =>
    script.replaceAll(/(from |import |import\()'\.\/([\w-]+\.js)'/g, (_, before: string, module: string) => {
      const { url, imports: theirs } = assetOf(module)
      if (before !== 'import(') for (const each of [url, ...theirs]) imports.add(each)
      return `${before}'${url}'`
    })
  const content = name.endsWith('.js') ? withAddresses(String(source)) : source
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content)
  const version = Bun.hash(bytes).toString(36)
  const asset = {
    url: `/assets/${name}?v=${version}`,
    version,
    imports,
    file: fixedFile(bytes, types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'),
  }
  assets.set(name, asset)
  return asset
}

/** Changes whenever a page that is rendered again might look different. */
export const assetsVersion = Bun.hash([version, ...[...assets.values()].map(({ url }) => url)].join()).toString(36)

export const assetNamed = (name: string): Asset | undefined => assets.get(name)

/** `assetUrl('fieldhouse.css')`. An unknown name is a bug in a page. */
export const assetUrl = (name: string): string => assetIn(name).url

/** Addresses of what these modules import, each once. Preloading them lets the browser fetch them at the same time. */
export const importsOf = (names: readonly string[]): string[] => [
  ...new Set(names.flatMap(name => [...assetIn(name).imports])),
]

function assetIn(name: string): Asset {
  const asset = assets.get(name)
  if (!asset) throw new Error(`There is no asset ${name}`)
  return asset
}
