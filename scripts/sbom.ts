/**
 * `bun run sbom`: prints the bill of materials as CycloneDX 1.6 in JSON, with version, checksum and licence of every package in
 * `bun.lock`. Packages that do not run in production have the scope `excluded`. Licences are read from the installed packages, so a
 * package for another system has none.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpFirst } from './script-help.ts'

const root = join(import.meta.dir, '..')

type Names = Record<string, string>
type Dependencies = { dependencies?: Names; optionalDependencies?: Names; peerDependencies?: Names }
type Lock = {
  workspaces: Record<string, Dependencies & { name: string }>
  packages: Record<string, [spec: string, registry?: string, dependencies?: Dependencies, integrity?: string]>
}
export type Component = {
  type: 'library'
  'bom-ref': string
  name: string
  version: string
  purl: string
  scope: 'required' | 'excluded'
  hashes: { alg: 'SHA-512'; content: string }[]
  licenses?: { license: { id: string } }[] | { expression: string }[]
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const dependenciesOf = ({ dependencies, optionalDependencies, peerDependencies }: Dependencies): string[] =>
  Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })

/** `bullmq/@scope/semver`, a key of the lock, is in `node_modules/bullmq/node_modules/@scope/semver`. */
const namesIn = (key: string): string[] => key.match(/@[^/]+\/[^/]+|[^/]+/g) ?? []
const folderOf = (key: string) =>
  namesIn(key)
    .flatMap(name => ['node_modules', name])
    .join('/')

/** The key of the package that another one imports by name: nested in its own folder, or further up. */
function resolvedKey(packages: Lock['packages'], from: string, name: string): string | undefined {
  for (let parents = namesIn(from); ; parents = parents.slice(0, -1)) {
    const key = [...parents, name].join('/')
    if (key in packages) return key
    if (parents.length === 0) return undefined
  }
}

function neededInProduction({ workspaces, packages }: Lock): Set<string> {
  const needed = new Set<string>()
  const queue = Object.values(workspaces).flatMap(workspace =>
    dependenciesOf(workspace).map(name => ({ from: '', name })),
  )
  for (const { from, name } of queue) {
    const key = resolvedKey(packages, from, name)
    if (!key || needed.has(key)) continue
    needed.add(key)
    queue.push(...dependenciesOf(packages[key]?.[2] ?? {}).map(dependency => ({ from: key, name: dependency })))
  }
  return needed
}

function licenceOf(key: string): Pick<Component, 'licenses'> {
  const path = `${folderOf(key)}/package.json`
  const licence: unknown = existsSync(join(root, path)) ? JSON.parse(read(path)).license : undefined
  if (typeof licence !== 'string') return {}
  return {
    licenses: / /.test(licence)
      ? [{ expression: licence.replace(/^\((.*)\)$/, '$1') }]
      : [{ license: { id: licence } }],
  }
}

export function billOfMaterials() {
  const lock: Lock = JSON.parse(read('bun.lock').replace(/,(?=\s*[}\]])/g, ''))
  const { name, version } = JSON.parse(read('package.json'))
  const needed = neededInProduction(lock)
  const components = new Map<string, Component>()
  for (const [key, [spec, , , integrity]] of Object.entries(lock.packages)) {
    if (!integrity?.startsWith('sha512-')) continue // a package of this repository
    const at = spec.lastIndexOf('@')
    const [library, libraryVersion] = [spec.slice(0, at), spec.slice(at + 1)]
    const purl = `pkg:npm/${library.replace('@', '%40')}@${libraryVersion}`
    if (components.get(purl)?.scope === 'required') continue
    components.set(purl, {
      type: 'library',
      'bom-ref': purl,
      name: library,
      version: libraryVersion,
      purl,
      scope: needed.has(key) ? 'required' : 'excluded',
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }],
      ...licenceOf(key),
    })
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': name, name, version } },
    components: [...components.values()],
  }
}

if (import.meta.main) {
  helpFirst(import.meta.path)
  console.log(JSON.stringify(billOfMaterials(), null, 2))
}
