/** The guide: `docs/*.md` as pages at `/help`. Links to source files become text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from 'elysia'
import { Marked } from 'marked'
import { refuse } from '../errors.ts'
import { installed } from '../installation.ts'
import { escaped, Html, html } from '../platform/html.ts'
import type { AccessSettings } from '../platform/http/access.ts'
import { type FixedFile, fixedFile, fixedResponse } from '../platform/http/responses.ts'
import { page, pageRouter } from './layout.ts'

const folder = installed('docs')
/** Chapters in the order a newcomer needs them; any other file of the folder comes after. */
const first = ['install', 'people', 'sheets', 'tours', 'trading', 'rota', 'operating', 'scaling', 'api', 'faq']

type Chapter = { title: string; body: Html }

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .replaceAll(' ', '-')

/** Links between chapters lead to their pages and links to the web stay; undefined for files of the repository. */
function addressOf(link: string): string | undefined {
  if (/^(https?:|#)/.test(link)) return link
  const chapter = /^(?:\.\/)?([\w-]+)\.md(#.*)?$/.exec(link)
  return chapter ? `/help/${chapter[1]}${chapter[2] ?? ''}` : undefined
}

type Picture = { file: FixedFile; width: number; height: number }

let loadedPictures: Map<string, Picture> | undefined
/** The pictures of `docs/images`, made by `scripts/screenshots.ts`. */
const pictures = () => (loadedPictures ??= readPictures())

function readPictures(): Map<string, Picture> {
  const images = join(folder, 'images')
  const names = existsSync(images) ? readdirSync(images).filter(name => /^[\w-]+\.png$/.test(name)) : []
  return new Map(
    names.map(name => {
      const bytes = new Uint8Array(readFileSync(join(images, name)))
      const size = new DataView(bytes.buffer, 16, 8) // of the first chunk of a PNG
      return [name, { file: fixedFile(bytes, 'image/png'), width: size.getUint32(0), height: size.getUint32(4) }]
    }),
  )
}

/** Pictures outside of `docs/images` are replaced by their text. */
function pictureOf(href: string, text: string): string {
  const name = href.replace(/^images\//, '')
  const picture = pictures().get(name)
  if (!picture) return escaped(text)
  return `<img src="/help/images/${name}" alt="${escaped(text)}" width="${picture.width}" height="${picture.height}" loading="lazy" />`
}

const markdown = new Marked({
  renderer: {
    html: () => '',
    image: ({ href, text }) => pictureOf(href, text),
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${escaped(slug(text))}">${this.parser.parseInline(tokens)}</h${depth}>\n`
    },
    link({ href, tokens }) {
      const address = addressOf(href)
      const text = this.parser.parseInline(tokens)
      return address === undefined ? text : `<a href="${escaped(address)}">${text}</a>`
    },
    code: ({ text }) => `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`,
  },
})

function readChapters(): Map<string, Chapter> {
  const names = readdirSync(folder).flatMap(file => /^([\w-]+)\.md$/.exec(file)?.[1] ?? [])
  const place = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length)
  const inOrder = names.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  return new Map(
    inOrder.map(name => {
      const text = readFileSync(join(folder, `${name}.md`), 'utf8')
      const title = /^# (.+)$/m.exec(text)?.[1] ?? name
      return [name, { title, body: new Html(String(markdown.parse(text, { async: false }))) }]
    }),
  )
}

let loadedChapters: Map<string, Chapter> | undefined

/** Rendered at the first request: at the start it would take a third as long as all other routes. */
const chapters = () => (loadedChapters ??= readChapters())

export const helpPages = (app: AccessSettings) =>
  pageRouter(app)
    .get(
      '/help',
      ({ who }) => {
        const links = (isFirst: boolean) =>
          [...chapters()]
            .filter(([name]) => first.includes(name) === isFirst)
            .map(([name, { title }]) => html`<li><a href="/help/${name}">${title}</a></li>`)
        const body = html`<h1>Help</h1><ul class="found">${links(true)}</ul><h2>How it is made</h2><ul class="found">${links(false)}</ul>`
        return page({ title: 'Help', who, body })
      },
      { may: 'anyone' },
    )
    .get(
      '/help/images/:name',
      ({ params: { name }, request }) => {
        const picture = pictures().get(name) ?? refuse('not_found', `The guide has no picture ${name}`)
        return fixedResponse(request, picture.file)
      },
      { may: 'anyone', params: t.Object({ name: t.String({ maxLength: 60 }) }) },
    )
    .get(
      '/help/:name',
      ({ params: { name }, who }) => {
        const { title, body } = chapters().get(name) ?? refuse('not_found', `The guide has no page ${name}`)
        return page({ title, who, body: html`<p><a href="/help">Help</a></p><article class="guide">${body}</article>` })
      },
      { may: 'anyone', params: t.Object({ name: t.String({ maxLength: 60 }) }) },
    )
