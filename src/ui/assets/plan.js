// The planner's grid: an assignment is picked up, by mouse or with Enter, and dropped where the rules allow it. The server says where that is.
import { call } from './api.js'
import { toast } from './toast.js'

const part = document.getElementById('plan')

/** What is picked up: its chip, and where it may go. */
let held

const plan = () => part.querySelector('[data-plan-draft]')
const api = () => `/api/v1/roster/drafts/${plan().dataset.planDraft}`
const targets = () => [...part.querySelectorAll('[data-target]')]

function pickUp(chip) {
  release()
  const { shift, staff } = chip.dataset
  const { from, to } = plan().dataset
  const query = new URLSearchParams({ shift_id: shift, from, to, ...(staff && { staff_id: staff }) })
  held = { chip, allowed: call('get', `${api()}/targets?${query}`).catch(error => toast(error.message)) }
  chip.setAttribute('aria-pressed', 'true')
  part.dispatchEvent(new CustomEvent('fieldhouse:pause'))
  return mark(held)
}

/** Marks each target as allowed or not, and says why not. */
async function mark(picked) {
  const allowed = await picked.allowed
  if (picked !== held || !allowed) return
  picked.people = new Map(allowed.people.map(({ staff_id, against }) => [String(staff_id), against]))
  picked.shifts = new Map(allowed.shifts.map(({ shift_id, against }) => [String(shift_id), against]))
  for (const target of targets()) {
    const move = moveTo(target)
    target.classList.toggle('may', move.change !== undefined)
    target.classList.toggle('may-not', move.why !== undefined)
    if (move.why) target.title = move.why
  }
}

const reasons = against => against.map(({ message }) => message).join('; ')

/** What dropping it there would do: a change, or why it is not allowed; neither if it has no effect. */
function moveTo(target) {
  const { shift, staff, date } = held.chip.dataset
  const take = staff ? [assignment(shift, staff)] : []
  if (target.dataset.target === 'open' || target.dataset.target === 'off') return staff ? { change: { take } } : {}
  if (target.dataset.target === 'shift') return staff ? toShift(target.dataset.shift, take) : {}
  if (target.dataset.date !== date) return target.dataset.staff === staff ? toDay(target.dataset.date, take) : {}
  if (target.dataset.staff === staff) return {}
  const against = held.people?.get(target.dataset.staff)
  if (!against) return { why: 'They are already on this shift' }
  if (against.length) return { why: reasons(against) }
  return { change: { take, put: [assignment(shift, target.dataset.staff)] } }
}

const assignment = (shift, staff) => ({ shift_id: Number(shift), staff_id: Number(staff) })

function toShift(shift, take) {
  const { shift: from, staff } = held.chip.dataset
  if (shift === from) return {}
  const against = held.shifts?.get(shift)
  if (!against) return { why: 'Every place there is taken' }
  return against.length ? { why: reasons(against) } : { change: { take, put: [assignment(shift, staff)] } }
}

/** On another day the same person takes an open place, preferably at the same hours and site. */
function toDay(date, take) {
  const { site, times } = held.chip.dataset
  const open = [...part.querySelectorAll(`.chip.open[data-date="${date}"]`)]
  if (!open.length) return { why: 'No place is open on that day' }
  const likeness = ({ dataset }) => 2 * (dataset.site === site) + (dataset.times === times)
  const moves = open.toSorted((a, b) => likeness(b) - likeness(a)).map(chip => toShift(chip.dataset.shift, take))
  return moves.find(({ change }) => change) ?? moves[0]
}

function release() {
  if (!held) return
  held.chip.setAttribute('aria-pressed', 'false')
  held = undefined
  for (const target of targets()) {
    target.classList.remove('may', 'may-not', 'over')
    target.removeAttribute('title')
  }
  part.dispatchEvent(new CustomEvent('fieldhouse:resume'))
}

async function putDown(target) {
  if (!held) return
  const { chip, allowed } = held
  const label = chip.getAttribute('aria-label')
  await allowed
  if (!held) return
  const { change, why } = moveTo(target)
  release()
  if (!change) return why ? toast(why) : chip.focus()
  try {
    await call('post', `${api()}/changes`, change)
    toast(`${label} → ${target.dataset.name ?? 'taken off'}`)
    const [put] = change.put ?? []
    moved = put ? `c-${put.shift_id}-${put.staff_id}` : `c-${chip.dataset.shift}-open`
  } catch (error) {
    toast(error.message)
  }
  part.dispatchEvent(new CustomEvent('fieldhouse:refresh'))
}

/** Keeps the keyboard focus on the assignment that was moved. */
let moved
part?.addEventListener('fieldhouse:changed', () => {
  if (moved) document.getElementById(moved)?.focus()
  moved = undefined
})

// By mouse
part?.addEventListener('dragstart', event => {
  const chip = event.target.closest('button.chip')
  if (!chip) return
  event.dataTransfer.effectAllowed = 'move'
  event.dataTransfer.setData('text/plain', chip.getAttribute('aria-label'))
  pickUp(chip)
})
part?.addEventListener('dragover', event => {
  const target = event.target.closest('[data-target]')
  if (!held || !target) return
  event.preventDefault()
  for (const other of part.querySelectorAll('.over')) if (other !== target) other.classList.remove('over')
  target.classList.add('over')
})
part?.addEventListener('drop', event => {
  const target = event.target.closest('[data-target]')
  if (!held || !target) return
  event.preventDefault()
  putDown(target)
})
part?.addEventListener('dragend', event => {
  if (held && event.dataTransfer.dropEffect === 'none') release()
})

// By keyboard, or by a click on the assignment and then on its target
part?.addEventListener('click', event => {
  const chip = event.target.closest('button.chip')
  const target = event.target.closest('[data-target]')
  if (held && target && chip !== held.chip) return putDown(target)
  if (!chip) return
  if (chip === held?.chip) return release()
  pickUp(chip)
  toast(`Picked up ${chip.getAttribute('aria-label')}. Arrows choose where, Enter puts it there, Escape lets go.`)
})
part?.addEventListener('keydown', event => {
  if (!held) return
  if (event.key === 'Escape') {
    const { chip } = held
    release()
    return chip.focus()
  }
  const here = event.target.closest('[data-target]')
  if (event.key === 'Enter' && here && event.target !== held.chip) {
    event.preventDefault()
    return putDown(here)
  }
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  if (!step || !here) return
  event.preventDefault()
  const next = neighbour(here, step)
  next?.focus()
  if (next) announce(next)
})

/** Says whether it may go there, once that is known. */
async function announce(target) {
  await held?.allowed
  if (!held || document.activeElement !== target) return
  const { change, why } = moveTo(target)
  toast(`${target.dataset.name ?? 'Off the shift'}: ${change ? 'allowed' : (why ?? 'it is already here')}`)
}

/** The nearest target on that side of the screen. */
function neighbour(here, [x, y]) {
  const middle = element => {
    const { left, top, width, height } = element.getBoundingClientRect()
    return [left + width / 2, top + height / 2]
  }
  const [fromX, fromY] = middle(here)
  let best
  for (const target of targets()) {
    if (target === here) continue
    const [atX, atY] = middle(target)
    const [along, aside] = x ? [(atX - fromX) * x, Math.abs(atY - fromY)] : [(atY - fromY) * y, Math.abs(atX - fromX)]
    const distance = along + 4 * aside
    if (along > 4 && (!best || distance < best.distance)) best = { target, distance }
  }
  return best?.target
}
