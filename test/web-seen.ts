/** Checks of a page as shown in the browser. They run inside the page, so they use nothing from outside. */
import type { Page } from 'playwright-core'
import { rounds } from './needs.ts'

const colorSchemes = ['light', 'dark'] as const
const isDark = () => matchMedia('(prefers-color-scheme: dark)').matches

/**
 * The faults of an open page at each width, in light and dark: in short rounds of several widths it is light where it is narrow and
 * dark where it is wide. It is not loaded again, because that takes longer than the checks.
 */
export async function pageFaults(page: Page, widths: readonly number[]): Promise<string[]> {
  const faults: string[] = []
  const takeTurns = widths.length > 1 && rounds(1, 2) === 1
  const inBoth = (await page.evaluate(isDark)) ? colorSchemes.toReversed() : colorSchemes // first as it is drawn already
  for (const width of widths) {
    const faultsAtWidth: string[] = []
    for (const colorScheme of takeTurns ? [colorSchemes[Number(width > 800)]] : inBoth) {
      // At once, because the page is drawn again after each. Colours change without delay, as pages of tests have no transitions.
      await Promise.all([page.setViewportSize({ width, height: 800 }), page.emulateMedia({ colorScheme })])
      faultsAtWidth.push(...(await page.evaluate(faintText)).map(text => `${colorScheme}: ${text}`))
    }
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))) // charts follow the width
    faultsAtWidth.push(...(await page.evaluate(structureFaults)))
    faults.push(...faultsAtWidth.map(fault => `${width} px, ${fault}`))
  }
  return faults
}

/** Text with too little contrast for its size, by the WCAG formula (AA). */
export function faintText(): string[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgbaByColour = new Map<string, number[]>()
  /** Any colour of CSS as red, green, blue and alpha. */
  const rgba = (colour: string): number[] => {
    const known = rgbaByColour.get(colour)
    if (known || !canvas) return known ?? [0, 0, 0, 0]
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const values = [...canvas.getImageData(0, 0, 1, 1).data]
    rgbaByColour.set(colour, values)
    return values
  }
  const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map(c =>
      c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const blend = ([r = 0, g = 0, b = 0, a = 255]: number[], below: number[]) =>
    [r, g, b].map((c, i) => c * (a / 255) + (below[i] ?? 0) * (1 - a / 255))
  const backgrounds = new Map<Element, number[]>()
  const backgroundOf = (element: Element | null): number[] => {
    if (!element) return [255, 255, 255]
    let background = backgrounds.get(element)
    if (!background) {
      const colour = rgba(getComputedStyle(element).backgroundColor)
      background = blend(colour, colour[3] === 255 ? [] : backgroundOf(element.parentElement))
      backgrounds.set(element, background)
    }
    return background
  }
  const faintTexts = new Set<string>()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent?.trim()
    if (
      !element ||
      !text ||
      element.closest('.sr, noscript, script, .off, .toast, .u-legend, svg') ||
      !element.checkVisibility()
    )
      continue
    const style = getComputedStyle(element)
    const background = backgroundOf(element)
    const foreground = blend(rgba(style.color), background)
    const [high = 0, low = 0] = [luminance(foreground), luminance(background)].sort((x, y) => y - x)
    const ratio = (high + 0.05) / (low + 0.05)
    const size = Number.parseFloat(style.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5))
      faintTexts.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className} "${text.slice(0, 30)}"`)
  }
  return [...faintTexts]
}

/** Elements without a name for screen readers, and faults for keyboards and small screens. */
export function structureFaults(): string[] {
  const faults: string[] = []
  const nameOf = (element: Element) =>
    element.getAttribute('aria-label') ||
    document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent ||
    element.textContent?.trim()
  for (const element of document.querySelectorAll<HTMLElement>('a[href], button, summary'))
    if (!nameOf(element)) faults.push(`no name: ${element.outerHTML.slice(0, 80)}`)
  for (const element of document.querySelectorAll('thead :is(a, button)'))
    if (getComputedStyle(element.closest('thead') ?? element).clipPath !== 'none')
      faults.push(`reached by the keyboard, but not seen: ${element.outerHTML.slice(0, 80)}`)
  for (const input of document.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), select, textarea'))
    if (!input.labels?.length && !input.getAttribute('aria-label'))
      faults.push(`no label: ${input.outerHTML.slice(0, 80)}`)
  for (const image of document.querySelectorAll('img:not([alt]), svg:not([aria-hidden], [aria-label])'))
    faults.push(`no text: ${image.outerHTML.slice(0, 80)}`)
  for (const cell of document.querySelectorAll('th'))
    if (!nameOf(cell)) faults.push(`empty heading in ${cell.closest('table')?.caption?.textContent}`)
  for (const table of document.querySelectorAll('table:not(.u-legend)'))
    if (!table.querySelector('caption')) faults.push('a table without caption')
  for (const list of document.querySelectorAll('tbody, ul.items')) {
    const names = [...list.querySelectorAll(':is(button, a.button)')].map(nameOf)
    for (const name of new Set(names))
      if (names.filter(other => other === name).length > 1) faults.push(`“${name}” in several rows`)
  }
  for (const element of document.querySelectorAll('[tabindex]'))
    if (Number(element.getAttribute('tabindex')) > 0) faults.push('a tab order of its own')
  if (document.querySelectorAll('h1').length !== 1) faults.push(`${document.querySelectorAll('h1').length} h1`)
  if (document.documentElement.lang !== 'en') faults.push('no language')
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) faults.push(`id ${id} twice`)
  if (document.documentElement.scrollWidth > innerWidth)
    faults.push(`wider than the screen by ${document.documentElement.scrollWidth - innerWidth}`)
  return faults
}
