/** A process that takes a lock and reports it, then makes a fenced write for each line it reads. */
import { openDatabase } from '../../db/open.ts'
import { facts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { fenced, lock, openLocks } from '../../src/platform/jobs/task-locks.ts'
import { holdProcessLock, isProcessDead } from '../../src/platform/process/process-lock.ts'

const [dataDir = '', id = ''] = process.argv.slice(2)
const db = openDatabase(dataDir)
holdProcessLock(dataDir, id)
const locks = openLocks(db, systemClock, id, owner => isProcessDead(dataDir, owner))
const taken = await locks.take(lock('work', '5s', 'wait')(1))
if ('heldBy' in taken) {
  console.log(`held by ${taken.heldBy.owner}`)
  process.exit(0)
}
taken.signal.addEventListener('abort', () => console.log('lost'))
console.log(`taken ${taken.fence}`)
for await (const line of console) {
  const write = atomically(db, tx => {
    fenced(tx, taken)
    tx.insert(facts).values({ name: line, value: id }).run()
  })
  console.log(
    await write.then(
      () => 'written',
      error => `refused ${error.name}`,
    ),
  )
}
