import { job } from '../../context.ts'
import { programFile } from '../../installation.ts'
import { runProgram } from '../../platform/process/child-process.ts'

const script = programFile('scripts/audit-ledger.ts')

/** Replays every ledger in a process of its own, which raises an alert if a balance differs. */
export const auditLedgers = job('ledger.audit', {
  once: () => 'audit',
  async run(_, { config: { dataDir } }, { signal }) {
    let audited: object | undefined
    const { stderr, exit } = await runProgram<{ audited: object }>([script], { DATA_DIR: dataDir }, signal, message => {
      audited = message.audited
    })
    if (!audited) throw new Error(stderr || `The audit ended early (${exit})`)
    return audited
  },
})
