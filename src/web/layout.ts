import { type Content, type Html, html } from '../runtime/html.ts'

export type Layout = { title: string; body: Content }

export const layout = ({ title, body }: Layout): Html => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Fieldhouse</title>
    <link rel="stylesheet" href="/assets/fieldhouse.css" />
  </head>
  <body>
    <header><a href="/">Fieldhouse</a></header>
    <main>${body}</main>
  </body>
</html>`
