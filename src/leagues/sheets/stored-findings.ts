/** What an import found wrong: up to thirty thousand findings, stored in steps between which requests are answered. */
import type { Db } from '../../../db/open.ts'
import { atomically, preparedSql } from '../../../db/transactions.ts'
import { letRequestsIn } from '../../platform/process/let-requests-in.ts'
import { findingsPerText } from './reading/report.ts'

const textsAtOnce = 8 // a millisecond or two

const firstStatement = preparedSql<{ first: number }, [upload: number]>(
  'select first from upload_errors where upload_id = ? limit 1',
)
const deleteStatement = preparedSql<undefined, [upload: number]>('delete from upload_errors where upload_id = ?')
const insertStatement = preparedSql<undefined, [first: number, items: string, upload: number]>(
  `insert into upload_errors (upload_id, first, items) select id, ?, ? from uploads where id = ? and status = 'running'`,
)

/** The findings of a running import, as texts of JSON from the worker thread; replaces those of an earlier attempt. */
export async function storeFindings(db: Db, upload: number, texts: readonly string[]): Promise<void> {
  if (texts.length === 0 && !firstStatement(db).get(upload)) return
  for (let from = 0; from === 0 || from < texts.length; from += textsAtOnce) {
    const store = (tx: Db) => {
      if (from === 0) deleteStatement(tx).run(upload)
      for (const [i, text] of texts.slice(from, from + textsAtOnce).entries())
        insertStatement(tx).run((from + i) * findingsPerText, text, upload)
    }
    await atomically(db, store, 'unsynced') // the import that follows is synced, and with it all before
    await letRequestsIn()
  }
}
