/**
 * The measurements that need a separate process: `subject.ts <connection as JSON> <what>`.
 *   idle    percent of a core that a worker uses while it has nothing to do for five seconds
 *   memory  MB that 100,000 waiting jobs add to this process
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { classesOf, payload } from './stores.ts'

const [connection = '{}', what] = process.argv.slice(2)
const { Queue, Worker } = classesOf(JSON.parse(connection))

if (what === 'idle') {
  const worker = Worker('idle', 1)
  void worker.run()
  await sleep(1000)
  const before = process.cpuUsage()
  await sleep(5000)
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / 5e6 / 0.01)
}

if (what === 'memory') {
  const queue = Queue('crowd')
  await queue.add('first', {})
  const megabytes = () => process.memoryUsage.rss() / 2 ** 20
  const before = megabytes()
  for (let n = 0; n < 100; n++)
    await queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'job', data: payload(n * 1000 + i) })))
  console.log(megabytes() - before)
}
process.exit()
