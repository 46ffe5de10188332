/** Every write that runs in the writer thread, because it may take more than 10 ms: plain data in, plain data out. */
import type { Db } from '../db/open.ts'
import { correctSymbol } from './leagues/market/corrections/correct-symbol.ts'
import { deleteLeague } from './leagues/queries.ts'
import { copyMainLog } from './platform/files/wal-checkpoints.ts'
import { addPattern, copyWeeks, deleteMatchingShifts, importShifts } from './rota/bulk-shifts.ts'
import { changeSite, deleteSite } from './rota/bulk-sites.ts'
import { raiseAllExpiryAlerts } from './rota/certificate-alerts.ts'
import { clearAssignments, publishRoster } from './rota/confirm.ts'
import { importStaffFile } from './rota/import-staff.ts'
import { importPlan } from './rota/planner/import-plan.ts'
import { applyTemplate, saveTemplate } from './rota/planner/templates.ts'

export const bulkWrites: readonly ((db: Db, input: never) => unknown)[] = [
  importStaffFile,
  raiseAllExpiryAlerts,
  importShifts,
  importPlan,
  copyWeeks,
  addPattern,
  deleteMatchingShifts,
  publishRoster,
  clearAssignments,
  applyTemplate,
  saveTemplate,
  changeSite,
  deleteSite,
  correctSymbol,
  deleteLeague,
  copyMainLog,
]
