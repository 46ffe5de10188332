/** A portfolio's ledger as CSV, newest line first: money in currency units, and in cents in separate columns. */
import type { Db } from '../../../db/open.ts'
import { bom, csvLines } from '../../platform/files/csv.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import { type LedgerLineView, ledgerLineView } from './ledger.ts'
import { ledgerLines, type TradeFilter } from './queries.ts'

const linesPerRead = 500 // lines read at a time
const amountColumns = ['price', 'fee', 'cash', 'cash_after', 'realised'] as const
const centsOf = (line: LedgerLineView) => amountColumns.map(column => line[`${column}_cents`])
const heading = [
  ...['id', 'at', 'username', 'kind', 'symbol', 'shares', 'holding'],
  ...amountColumns,
  ...['undoes', 'undone_at', 'reason'],
  ...amountColumns.map(column => `${column}_cents`),
]

const cells = (line: LedgerLineView) => [
  line.id,
  line.at,
  line.username,
  line.kind,
  line.symbol,
  line.quantity,
  line.holding,
  ...centsOf(line).map(cents => (cents === null ? null : cents / 100)),
  line.undoes,
  line.undone_at,
  line.reason,
  ...centsOf(line),
]

export function ledgerCsv(db: Db, filter: TradeFilter): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let before: number | undefined // lines are added while the file is read
  return new ReadableStream({
    start: controller => controller.enqueue(encoder.encode(bom + csvLines([heading]))),
    pull(controller) {
      const lines = ledgerLines(db, { ...filter, before }, 'all', pageOf({ limit: linesPerRead })).map(ledgerLineView)
      before = lines.at(-1)?.id
      if (lines.length) controller.enqueue(encoder.encode(csvLines(lines.map(cells))))
      if (lines.length < linesPerRead) controller.close()
    },
  })
}
