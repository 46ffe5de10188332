/** Ratios to the stack as bars on a logarithmic scale, in an SVG for light and dark pages. */
import { type ReportRow, times } from './report.ts'

const [width, labels, bars, line, top] = [900, 420, 380, 26, 40]
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '')

/** Figures that only the table shows: reads after uploads, and processor time of reads. */
const inTableOnly = /^(first|again|worst)$|. processor$/

export function chartOf(rows: readonly ReportRow[], machine: string): string {
  const shown = rows.filter(({ beside, figure }) => beside?.name === 'stack' && !inTableOnly.test(figure))
  const ratios = shown.flatMap(({ beside, aim }) => [beside?.ratio ?? 1, aim?.ratio ?? 1])
  const [least, most] = [Math.min(0.5, ...ratios), Math.max(2, ...ratios)].map(Math.log)
  const x = (ratio: number) => labels + (bars * (Math.log(ratio) - (least ?? 0))) / ((most ?? 1) - (least ?? 0))
  const height = top + shown.length * line + 40
  const ticks = [0.5, 1, 2, 5, 10, 20, 50, 100].filter(ratio => x(ratio) >= labels - 1 && x(ratio) <= labels + bars + 1)
  const bar = ({ title, beside, aim }: ReportRow, i: number) => {
    const ratio = beside?.ratio ?? 1
    const y = top + i * line
    const [from, to] = [x(Math.min(1, ratio)), x(Math.max(1, ratio))]
    const mark = aim?.ratio ? `<path class="aim" d="M${x(aim.ratio).toFixed(1)} ${y + 2}v18"/>` : ''
    return `<text x="${labels - 12}" y="${y + 15}" text-anchor="end">${escaped(title)}</text><rect class="${ratio >= 1 ? 'more' : 'less'}" x="${from.toFixed(1)}" y="${y + 4}" width="${Math.max(2, to - from).toFixed(1)}" height="14" rx="2"/>${mark}<text x="${(x(Math.max(1, ratio, aim?.ratio ?? 0)) + 8).toFixed(1)}" y="${y + 15}">${times(ratio)}</text>`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>Fieldhouse beside FastAPI, Celery, Redis and pandas: the ratio of each figure</title>
<style>
text { fill: #59636e } .more { fill: #1a7f52 } .less { fill: #bc4c00 } .aim { stroke: #1f2328; stroke-width: 2; fill: none } .grid { stroke: #8c959f; stroke-opacity: .35; fill: none }
@media (prefers-color-scheme: dark) { text { fill: #9da7b1 } .more { fill: #3fb27f } .less { fill: #e3813f } .aim { stroke: #f0f3f6 } }
</style>
${ticks.map(ratio => `<path class="grid" d="M${x(ratio).toFixed(1)} ${top - 8}V${height - 34}"/><text x="${x(ratio).toFixed(1)}" y="${top - 16}" text-anchor="middle">${times(ratio)}</text>`).join('\n')}
${shown.map(bar).join('\n')}
<text x="12" y="${height - 10}" font-size="11">Upright marks: what was aimed at. ${escaped(machine)}</text>
</svg>
`
}
