/** Takes the lock of a process and releases it, again and again, until it is killed. */
import { holdProcessLock } from '../../src/platform/process/process-lock.ts'

const [dataDir = '', id = ''] = process.argv.slice(2)
console.log('begun')
for (;;) holdProcessLock(dataDir, id)()
