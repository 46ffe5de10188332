import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { clock, now } from './clock.ts'
import { type Database, openSqliteFile } from './driver.ts'
import type { QueueSet } from './queues.ts'
import type { ProcessRow } from './statements.ts'
import type { Transactions } from './transactions.ts'

const checkInterval = 500 // ms between checks for processes that died
const answerTimeout = 3000 // ms a process has to answer whether it lives; its checkpoint thread looks every second
const probeTime = 1000 // ms to wait for the lock of one's own file while another process looks whether it is left over

/** Locks to be held as long as this process lives: a database that nothing refers to is closed. */
const locksHeldToTheEnd = new Set<Database>()

/**
 * Takes over, for a worker, the jobs that the workers of its queue in a dead process had, in the transaction that deletes
 * that process. Returns what is to be done after it.
 */
export type Recovery = (queues: QueueSet, deadProcess: string) => () => void

/**
 * The processes that have the file open. Each holds a lock on a file of its own, "<file>-<id>.alive", which the kernel
 * drops the moment the process ends, however it ends. A free lock alone proves no death: a process that itself opens and
 * closes its lock file, as when it copies the folder, loses the lock and lives on. So its process id must be gone from this
 * host as well, or it must leave the question whether it lives without an answer.
 */
export class Processes {
  readonly id: string = randomUUID()
  readonly #path: string | undefined
  readonly #transactions: Transactions
  readonly #recoveries = new Set<Recovery>()
  readonly #askedSince = new Map<string, number>() // by process id, in ms of `performance.now()`
  #lock: Database | undefined
  #isListed = false // a row of the table is, or soon will be, this process
  #hasLookedForOrphans = false
  #timer: ReturnType<typeof setInterval> | undefined

  /** The path of the file; undefined for a queue in memory, which no other process can have. */
  constructor(path: string | undefined, transactions: Transactions) {
    this.#path = path
    this.#transactions = transactions
  }

  #lockFile = (id: string): string => `${this.#path}-${id}.alive`

  /** Makes a worker or event reader known under its client name. Returns how to take it back. */
  async addClient(name: string): Promise<() => Promise<void>> {
    if (this.#path) this.#lock ??= lockOwnFile(this.#lockFile(this.id))
    this.#isListed = true
    const id = await this.#transactions.run('write', ({ sql }) => {
      sql.addProcess.run(this.id, process.pid, host, now())
      return sql.addClient.get(this.id, name, now())!.id
    })
    return () => this.#transactions.run('write', ({ sql }) => void sql.deleteClient.run(id))
  }

  addRecovery(recovery: Recovery): void {
    this.#recoveries.add(recovery)
    if (!this.#path || this.#timer) return
    this.#timer = clock.setInterval(this.#check, checkInterval).unref()
    void this.#check()
  }

  removeRecovery(recovery: Recovery): void {
    this.#recoveries.delete(recovery)
  }

  /** A worker that was closed by force may have left jobs behind: then this process stays on the list until it ends. */
  async close(): Promise<void> {
    clock.clearInterval(this.#timer)
    if (!this.#path || !this.#isListed) return
    const deletion = this.#transactions.run('write', queues => deleteProcess(queues, this.id))
    const isDeleted = await deletion.catch(() => true) // Others will find this process dead.
    const lock = this.#lock
    if (!isDeleted) return void (lock && locksHeldToTheEnd.add(lock))
    lock?.close()
    this.#removeLockFile(this.id)
  }

  #check = async (): Promise<void> => {
    try {
      const processes = await this.#transactions.run('read', ({ sql }) => sql.processes.all())
      for (const row of processes) {
        if (row.id === this.id) await this.#answer(row)
        else if (await this.#isDead(row)) await this.#takeOver(row.id)
      }
      this.#removeOrphanedFiles(processes)
    } catch {
      // The file is busy or closing: there will be another check.
    }
  }

  /** Another process found our lock free: it is taken again, and the other told that we live. */
  async #answer({ asked_at }: ProcessRow): Promise<void> {
    if (asked_at === null && this.#lock) return
    await this.#transactions.run('write', ({ sql }) => void sql.askProcess.run(null, this.id))
    this.#lock?.close()
    this.#lock = undefined
    this.#lock = lockOwnFile(this.#lockFile(this.id)) // If the other is just trying it, the next check does this again.
  }

  async #isDead({ id, pid, host: itsHost, asked_at }: ProcessRow): Promise<boolean> {
    if (!this.#isLockFree(id)) {
      this.#askedSince.delete(id)
      return false
    }
    if (itsHost === host && !isRunning(pid)) return true
    const since = this.#askedSince.get(id)
    if (since !== undefined && asked_at !== null) return performance.now() - since > answerTimeout
    await this.#transactions.run('write', ({ sql }) => void sql.askProcess.run(now(), id))
    this.#askedSince.set(id, performance.now())
    return false
  }

  /** Without its file nothing is known of a process, and the locks of its jobs are left to expire. */
  #isLockFree(id: string): boolean {
    try {
      lockDatabase(this.#lockFile(id), { mustExist: true }).close()
      return true
    } catch {
      return false
    }
  }

  async #takeOver(id: string): Promise<void> {
    const { done, isDeleted } = await this.#transactions.run('write', queues => {
      const isUnanswered = !this.#askedSince.has(id) || queues.sql.isProcessAsked.get(id)
      if (!isUnanswered) return { done: [], isDeleted: false }
      const done = [...this.#recoveries].map(recovery => recovery(queues, id))
      return { done, isDeleted: deleteProcess(queues, id) }
    })
    for (const proceed of done) proceed()
    if (isDeleted) {
      this.#askedSince.delete(id)
      this.#removeLockFile(id)
    }
  }

  /** Lock files that no process is known by: it was killed between making its file and telling of itself. */
  #removeOrphanedFiles(known: ProcessRow[]): void {
    if (this.#hasLookedForOrphans) return
    this.#hasLookedForOrphans = true
    const start = `${basename(this.#path!)}-`
    for (const name of readdirSync(dirname(this.#path!))) {
      if (!name.startsWith(start) || !/\.alive(-journal)?$/.test(name)) continue
      const id = name.slice(start.length).replace(/\.alive.*/, '')
      if (!known.some(row => row.id === id)) this.#removeUnlessLocked(id)
    }
  }

  /** Removed while its lock is held: who takes that next sees that the file is gone, and makes another. */
  #removeUnlessLocked(id: string): void {
    try {
      if (!existsSync(this.#lockFile(id))) this.#removeLockFile(id) // all that is left is a journal
      const lock = lockDatabase(this.#lockFile(id), { mustExist: true })
      this.#removeLockFile(id)
      lock.close()
    } catch {
      // A process that is about to tell of itself holds it.
    }
  }

  #removeLockFile(id: string): void {
    for (const suffix of ['', '-journal']) rmSync(this.#lockFile(id) + suffix, { force: true })
  }
}

/** Takes a process off the list, but not while there are jobs of its: they wait for a worker of their queue. */
function deleteProcess({ sql }: QueueSet, id: string): boolean {
  sql.deleteClients.run(id)
  const ownsJobs = sql.ownsJobs.get(id)
  if (!ownsJobs) sql.deleteProcess.run(id)
  return !ownsJobs
}

/** Whoever looked for files left over between the making of this one and its lock has removed it: once more then. */
function lockOwnFile(path: string): Database {
  for (;;) {
    const lock = lockDatabase(path, { busyTimeout: probeTime })
    if (existsSync(path)) return lock
    lock.close()
  }
}

/** Holds the lock of a file until it is closed. Throws if another process holds it. */
function lockDatabase(path: string, { mustExist = false, busyTimeout = 0 } = {}): Database {
  const db = openSqliteFile(path, { mustExist })
  try {
    db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Process ids tell processes apart only on one host, and there within one container. */
const host = `${hostname()} ${pidNamespace()}`

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return '' // not Linux
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
