/** The documents name files and link to each other: both must be there. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sheetRefusalCodes } from '../src/platform/spreadsheets/refusal.ts'

const root = join(import.meta.dir, '..')
const skipped = /(^|\/)(node_modules|data|dist)\//
const documents = [...new Bun.Glob('**/*.md').scanSync(root)].filter(path => !skipped.test(path)).sort()
const files = [...new Bun.Glob('**/*.*').scanSync({ cwd: root, dot: true })].filter(path => !skipped.test(path))

/** A changelog may name deleted files, and the package's README names files of BullMQ. */
const ownDocuments = documents.filter(
  document => !document.endsWith('CHANGELOG.md') && !document.startsWith('packages/'),
)

/** Files that CONTRIBUTING tells its reader to create. */
const imagined = new Set(['db/migrations/0001_notes.sql', 'src/leagues/pages/members-page.ts'])

test.each(documents)('%s links to what is there', document => {
  const text = readFileSync(join(root, document), 'utf8')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, link, source]) => link ?? source ?? '',
  )
  const ours = links.filter(link => !/^(https?:|mailto:|#)/.test(link)).map(link => link.replace(/#.*$/, ''))
  expect(ours.filter(link => !existsSync(join(root, dirname(document), link)))).toEqual([])
})

test.each(ownDocuments)('%s names files that exist', document => {
  const text = readFileSync(join(root, document), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '')
  const named = [...text.matchAll(/`([\w.@/-]+\.(?:ts|js|sql|svg|md))`/g)].map(([, path]) => path ?? '')
  const isThere = (path: string) =>
    path.startsWith('../')
      ? existsSync(join(root, dirname(document), path))
      : files.some(file => file === path || file.endsWith(`/${path}`))
  expect(named.filter(path => !imagined.has(path) && !isThere(path))).toEqual([])
})

test('docs/api.md names every reason for which a file is refused', () => {
  const text = readFileSync(join(root, 'docs/api.md'), 'utf8')
  expect(sheetRefusalCodes.filter(code => !text.includes(`\`${code}\``))).toEqual([])
})
