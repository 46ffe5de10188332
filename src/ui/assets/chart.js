import { momentText, showsUtc } from './times.js'
import uPlot from './uplot.js'

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const lines = ['--line-1', '--line-2', '--line-3', '--line-4']
const height = 260
/** Distances between the lines of an axis of whole numbers. */
const wholeSteps = Array.from({ length: 12 }, (_, i) => [1, 2, 5].map(step => step * 10 ** i)).flat()

const redraws = new WeakMap()

/** Draws what `data-chart` holds, and draws it again once that has changed. */
export function drawChart(element) {
  if (redraws.has(element)) return redraws.get(element)()
  let plot
  let drawn
  const draw = () => {
    plot?.destroy()
    drawn = element.dataset.chart
    plot = plotOf(element, JSON.parse(drawn))
  }
  draw()
  redraws.set(element, () => drawn !== element.dataset.chart && draw())
  document.addEventListener('fieldhouse:theme', draw)
  document.addEventListener('fieldhouse:times', draw)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height })).observe(element)
}

function plotOf(element, { times, series, kind, inverted, unit, ongoing }) {
  const isBars = kind === 'bars'
  const last = times.length - 1
  const isOpen = ongoing && !isBars && last > 0
  const zone = isBars || showsUtc() ? 'UTC' : undefined // bars are days of the server
  const formatOf = options => new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone })
  const timeText = isBars ? formatOf({ dateStyle: 'medium' }).format : momentText
  const [date, clock] = [
    { day: 'numeric', month: 'short' },
    { hour: '2-digit', minute: '2-digit' },
  ].map(formatOf)
  const isWhole = series.every(({ values }) => values.every(value => value === null || Number.isInteger(value)))
  const withUnit = text => (unit ? `${text}\u202f${unit}` : text)
  const axis = {
    stroke: colour(element, '--quiet'),
    font: `12px ${getComputedStyle(element).fontFamily}`,
    grid: { stroke: colour(element, '--rule'), width: 1 },
    ticks: { show: false },
  }
  const valueText = value => (typeof value === 'number' ? withUnit(value.toLocaleString('en')) : '–')
  const strokeOf = i => colour(element, lines[i % lines.length])
  const lineOf = ({ label, values }, i) => {
    const stroke = strokeOf(i)
    const value = (_, __, ___, i) => valueText(values[i ?? last])
    if (!isBars) return { label, stroke, width: 2, points: pointsOf(isOpen ? values.slice(0, -1) : values), value }
    return {
      label,
      fill: stroke,
      width: 0,
      points: { show: false },
      value,
      paths: uPlot.paths.bars({ size: [0.7, 40] }),
    }
  }
  /** The last value is still being counted: the line to it is dashed, so that it does not look like a fall. */
  const tailOf = (_, i) => ({
    class: 'tail',
    stroke: strokeOf(i),
    width: 2,
    dash: [3, 5],
    points: { show: true, size: 5, filter: () => [last] },
  })
  // The legend says the last values where the pointer is at none.
  const when = {
    label: isBars ? 'Day' : 'Time',
    value: (_, __, ___, at) => {
      const i = at ?? last
      return i in times ? `${timeText(times[i])}${ongoing && i === last ? ' so far' : ''}` : '–'
    },
  }
  return new uPlot(
    {
      width: element.clientWidth,
      height,
      ...(zone && { tzDate: at => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC') }),
      scales: {
        x: { range: (_, low, high) => (isBars ? widened(low, high, times.length) : [low, high]) },
        y: { dir: inverted ? -1 : 1, range: (_, low, high) => withRoom(isBars ? Math.min(0, low) : low, high) },
      },
      axes: [
        {
          ...axis,
          size: 34,
          // A day begins with its date, and a minute is written once.
          values: (_, ticks) =>
            ticks
              .map(at => (clock.format(at * 1000) === '00:00' ? date : clock).format(at * 1000))
              .map((text, i, all) => (text === all[i - 1] ? '' : text)),
        },
        {
          ...axis,
          size: 60,
          ...(isWhole && { incrs: wholeSteps }),
          values: (_, ticks) => ticks.map(tick => withUnit(short.format(tick))),
        },
      ],
      series: [when, ...series.map(lineOf), ...(isOpen ? series.map(tailOf) : [])],
    },
    [
      times.map(at => at / 1000),
      ...series.map(({ values }) => (isOpen ? values.with(last, null) : values)),
      ...(isOpen ? series.map(({ values }) => values.map((value, i) => (i < last - 1 ? null : value))) : []),
    ],
    element,
  )
}

/** Points for all values if they are few, otherwise only for those that no line leads to. */
function pointsOf(values) {
  const isKnown = i => typeof values[i] === 'number'
  const lone = values.flatMap((_, i) => (isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1) ? [i] : []))
  return { show: values.length < 40, size: 5, filter: (_, __, show) => (show ? null : lone) }
}

/** Adds room for half a bar at both ends. */
const widened = (low, high, count) => {
  const half = (high - low || 86_400) / Math.max(1, count - 1) / 2
  return [low - half, high + half]
}

/** A colour of the stylesheet as it is now, light or dark. */
function colour(element, name) {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function withRoom(low, high) {
  if (low === null || (low === 0 && high === 0)) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * 0.1
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room]
}
