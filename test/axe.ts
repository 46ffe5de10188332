/** What axe-core finds on a page of the browser. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterTest } from './start.ts'

const source = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** Puts axe into what the page opens from now on, before its own scripts, as no content policy would let it in later. */
export async function injectAxe(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.enable')
  const { identifier } = await session.send('Page.addScriptToEvaluateOnNewDocument', { source })
  afterTest(() => session.send('Page.removeScriptToEvaluateOnNewDocument', { identifier })) // the page is used again
}

/** Keeps two rows of each shape in every table: axe takes seconds for hundreds that differ in their words only. */
function removeAlikeRows() {
  for (const body of document.querySelectorAll('tbody')) {
    const seen = new Map<string, number>()
    for (const row of [...body.rows]) {
      const shape = [row, ...row.querySelectorAll('*')]
        .map(({ tagName, className, attributes }) => [tagName, className, ...[...attributes].map(({ name }) => name)])
        .join()
      const alike = seen.get(shape) ?? 0
      if (alike === 2) row.remove()
      else seen.set(shape, alike + 1)
    }
  }
}

/** One line for each element with a fault. It takes rows away, so it comes last. Contrast, more than half of the work, is left out on request. */
export async function axeFaults(page: Page, withContrast = true): Promise<string[]> {
  await page.evaluate(removeAlikeRows)
  const rules = { 'color-contrast': { enabled: withContrast } }
  const options = JSON.stringify({ preload: false, resultTypes: ['violations'], rules })
  return page.evaluate(`axe.run(document, ${options}).then(
    ({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 120))))`)
}
