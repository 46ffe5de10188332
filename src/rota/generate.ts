/** `roster.generate`: computes a roster for a range of days with the solver, in a thread of its own, and stores it as a draft. */

import { eq } from 'drizzle-orm'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { shifts, staff } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { job } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { locks } from '../locks.ts'
import { Cancelled } from '../platform/jobs/job.ts'
import { fenced } from '../platform/jobs/task-locks.ts'
import { type DateRange, rangeOfBody } from './date-range.ts'
import { type DraftContent, draftInUse, saveDraft } from './drafts.ts'
import { generateSchema } from './generate-input.ts'
import { loadProblemOfRange } from './load-problem.ts'
import { longDate } from './long-date.ts'
import { whyRosterWaits } from './roster-queue.ts'
import { inRange } from './shift-queries.ts'
import type { SolveProgress } from './solving/problem.ts'
import { solveRoster } from './solving/solve.ts'

/** Pairs of a shift and a person. Improving a roster of so many takes 2.5 GB. */
const mostPairs = 5_000_000

/** Refuses what the solvers have no memory for. */
export function requireSolvable(db: Db, range: DateRange): void {
  const [shiftCount, people] = [countRows(db, shifts, inRange(range)), countRows(db, staff, eq(staff.active, true))]
  if (shiftCount * people > mostPairs)
    invalid(
      'end_date',
      `${shiftCount} shifts and ${people} people are too many to plan at once: choose fewer days or sites.`,
    )
}

export const generateRoster = job('roster.generate', {
  input: generateSchema,
  queue: 'rosters',
  sharedWith: 'officer',
  lock: ({ site_ids = [] }) => locks.roster(...site_ids),
  waitsFor: (run, { db, clock }) => whyRosterWaits(db, run, clock.now()),
  async run(input, app, { signal, lease, jobId, by, progress }) {
    const { db, reader, clock } = app
    const { start_date, end_date, algorithm = 'production', seed = 1, budget_s } = input
    const range = rangeOfBody(input)
    const answer = (content: DraftContent) => ({ start_date, end_date, site_ids: range.siteIds, ...content })
    const used = draftInUse(db, jobId)
    if (used) return answer(used.content)
    progress(0, 'loading')
    requireSolvable(db, range)
    const problem = await reader.read(loadProblemOfRange, { range, seed })
    if (!problem.shifts.length)
      refuse(
        'invalid',
        `There are no shifts from ${longDate(start_date)} to ${longDate(end_date)}${range.siteIds.length ? ' at these sites' : ''}`,
      )
    signal.throwIfAborted()
    const report = ({ stage, percent, doing, ...best }: SolveProgress) =>
      progress(Math.max(1, percent), stage, best.best_cents === null ? doing : `${doing}; ${resultSoFar(best)}`)
    const solution = await app.compute.run(solveRoster, { problem, algorithm, budget_s }, { signal, progress: report })
    // The best roster at a cancel is kept; after a lost lease or at shutdown it must not be written.
    if (signal.aborted && !(signal.reason instanceof Cancelled)) throw signal.reason
    const { cost_cents: best_cents, gap, open_bound } = solution.summary
    progress(99, 'checking', resultSoFar({ best_cents, gap, open: solution.unfilled.length, open_bound }))
    const content = await atomically(db, tx => {
      if (lease) fenced(tx, lease)
      const used = draftInUse(tx, jobId)
      if (!used)
        saveDraft(tx, { jobId, range, algorithm, seed, content: solution, createdBy: by, createdAt: clock.now() })
      return used?.content ?? solution
    })
    return answer(content)
  },
})

type SoFar = Pick<SolveProgress, 'best_cents' | 'gap' | 'open' | 'open_bound'>

const resultSoFar = ({ best_cents, gap, open, open_bound }: SoFar) => {
  const saved = gap === null ? '' : `, at most ${(100 * gap).toFixed(2)} % could be saved`
  const places = open ? `, ${open} places open${open_bound ? ` of which ${open_bound} nobody can fill` : ''}` : ''
  return `best ${((best_cents ?? 0) / 100).toFixed(2)}${saved}${places}`
}
