/** The compose files: every setting reaches the container, and what they set themselves exists. */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '../src/config.ts'

const root = join(import.meta.dir, '..')
const files = readdirSync(root).filter(name => /^compose\..*yaml$|^compose\.yaml$/.test(name))
const known = new Set<string>(Object.values(settings).map(({ env }) => env))

type Service = {
  image?: string
  volumes?: string[]
  env_file?: { path: string; required: boolean }[]
  environment?: Record<string, unknown>
}
type Compose = { services: Record<string, Service>; volumes?: Record<string, unknown> }
const read = (name: string) => Bun.YAML.parse(readFileSync(join(root, name), 'utf8')) as Compose

test.each(files)('%s passes every setting, and sets only existing ones', name => {
  const { services } = read(name)
  for (const { image, env_file, environment = {} } of Object.values(services)) {
    if (image !== 'fieldhouse') continue
    expect(env_file?.map(({ required }) => required)).toEqual([false])
    expect(Object.keys(environment).filter(variable => !known.has(variable))).toEqual([])
    expect(environment.DATA_DIR).toBe('/data')
  }
})

test.each(files)('what %s mounts is in the repository, or a volume it declares', name => {
  const { services, volumes = {} } = read(name)
  for (const mount of Object.values(services).flatMap(service => service.volumes ?? [])) {
    const [source = ''] = mount.split(':')
    if (source.startsWith('./')) expect(readFileSync(join(root, source), 'utf8')).not.toBe('')
    else expect(Object.keys(volumes)).toContain(source)
  }
})
