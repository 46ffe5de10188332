// Relative times, with the absolute time in the reader's zone on hover and focus.
import { local } from './storage.js'

// A unit, its seconds, and how many of them are said in the next unit: 45 days say more than a month.
const units = [
  ['minute', 60, 60],
  ['hour', 3600, 24],
  ['day', 86400, 60],
  ['month', 30 * 86400, 24],
  ['year', 365 * 86400, Infinity],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })

/** `3 minutes ago` for -180 s. */
export function relativeText(seconds) {
  const count = size => Math.round(Math.abs(seconds) / size)
  const [unit, size] = units.find(([, size, most]) => count(size) < most)
  if (count(size) === 0) return seconds > 0 ? 'in a moment' : 'just now'
  return relative.format(Math.sign(seconds) * count(size), unit)
}

/** The server's clock, where a page carries it: a countdown must not depend on the reader's clock. */
const serverClock = document.querySelector('[data-now]')
const skew = serverClock ? Number(serverClock.dataset.now) - Date.now() : 0
const now = () => Date.now() + skew

export const showsUtc = () => local.getItem('times') === 'utc'
const utcText = at => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** Switches between times in UTC and relative times. */
export function switchTimes() {
  if (showsUtc()) local.removeItem('times')
  else local.setItem('times', 'utc')
  writeTimes()
  document.dispatchEvent(new Event('fieldhouse:times'))
}

const twoDigits = number => String(number).padStart(2, '0')
const leftText = (seconds, over) => (seconds <= 0 ? over : clockText(seconds))
function clockText(seconds) {
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor)
  const clock = `${twoDigits(minutes)}:${twoDigits(Math.floor(seconds % 60))}`
  return days ? `${days} d ${twoDigits(hours)}:${clock}` : hours ? `${hours}:${clock}` : clock
}

function setText(element, text) {
  if (element.firstChild?.nodeType === Node.TEXT_NODE) {
    if (element.firstChild.data !== text) element.firstChild.data = text
  } else element.textContent = text
}

const month = new Intl.DateTimeFormat('en', { month: 'short' })
function dayText(at) {
  const shown = showsUtc() ? new Date(at.getTime() + at.getTimezoneOffset() * 60_000) : at
  return `${shown.getDate()} ${month.format(shown)} ${shown.getFullYear()}`
}

const momentFormat = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
}
const localMoment = new Intl.DateTimeFormat('en-GB', momentFormat)
const utcMoment = new Intl.DateTimeFormat('en-GB', { ...momentFormat, timeZone: 'UTC' })
export const momentText = at => (showsUtc() ? utcMoment : localMoment).format(at)

export function writeTimes() {
  for (const button of document.querySelectorAll('[data-times-switch]'))
    button.setAttribute('aria-pressed', String(showsUtc()))
  for (const element of document.querySelectorAll('time[data-relative]')) {
    const at = new Date(element.dateTime)
    setText(element, showsUtc() ? utcText(at) : relativeText((at - now()) / 1000))
  }
  for (const element of document.querySelectorAll('time:is([data-relative], [data-countdown], [data-elapsed])')) {
    const text = absolute.format(new Date(element.dateTime))
    if (element.title === text) continue
    element.title = text
    if (!element.closest('table')) element.tabIndex = 0 // in a table it shows with the row that has the focus
  }
  for (const element of document.querySelectorAll('time[data-day]')) {
    const at = new Date(element.dateTime)
    setText(element, dayText(at))
    element.title = absolute.format(at)
  }
  for (const element of document.querySelectorAll('time[data-moment]'))
    setText(element, momentText(new Date(element.dateTime)))
  countDown()
}

function countDown() {
  for (const element of document.querySelectorAll('time[data-countdown]'))
    setText(element, leftText((new Date(element.dateTime) - now()) / 1000, element.dataset.countdown || 'expired'))
  for (const element of document.querySelectorAll('time[data-elapsed]'))
    setText(element, clockText(Math.max(0, (now() - new Date(element.dateTime)) / 1000)))
}

export function startTimes() {
  writeTimes()
  setInterval(countDown, 1_000)
  setInterval(writeTimes, 20_000)
  document.addEventListener('visibilitychange', () => document.hidden || writeTimes())
}
