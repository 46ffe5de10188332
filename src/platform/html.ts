/** Markup that escapes by default: a value in a template is text unless it was made by a template itself. */
export class Html {
  constructor(private readonly markup: string) {}
  toString() {
    return this.markup
  }
}

export type Content = Html | string | number | null | undefined | false | readonly Content[]

const special: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escaped = (text: string) => text.replace(/[&<>"']/g, character => special[character] ?? character)

function write(content: Content): string {
  if (content instanceof Html) return content.toString()
  if (content === null || content === undefined || content === false) return ''
  if (Array.isArray(content)) return content.map(write).join('')
  return escaped(String(content))
}

export const html = (parts: TemplateStringsArray, ...contents: Content[]): Html =>
  new Html(parts.reduce((text, part, i) => text + write(contents[i - 1]) + part))

export const htmlType = 'text/html; charset=utf-8'

export const htmlResponse = (page: Html | string, status = 200, headers: Record<string, string> = {}) =>
  new Response(String(page), {
    status,
    headers: { 'content-type': htmlType, 'cache-control': 'no-store', ...headers },
  })
