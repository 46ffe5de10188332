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
const answerTimeout = 3000 // ms a process has to answer whether it lives; its checkpoint thread checks every second
const probeTime = 1000 // ms to wait for the lock of the own file while another process checks whether that file is orphaned

/** Locks held until this process ends. They are kept here because an unreferenced database gets closed. */
const locksHeldUntilExit = new Set<Database>()

/**
 * Recovers the jobs of a dead process for the queue of one worker, in the transaction that deletes that process. Returns a
 * function to call after the commit.
 */
export type Recovery = (queues: QueueSet, deadProcess: string) => () => void

/**
 * The processes that have the file open. Each holds a lock on its own file, "<file>-<id>.alive", which the kernel releases the
 * moment the process ends, in whatever way. A free lock alone does not prove that: a process that opens and closes its own lock
 * file, for example while it copies the folder, loses the lock and lives on. So its process id must be gone from this host too,
 * or it must leave the question whether it lives unanswered.
 */
export class Processes {
  readonly id: string = randomUUID()
  readonly #path: string | undefined
  readonly #transactions: Transactions
  readonly #recoveries = new Set<Recovery>()
  readonly #askedSince = new Map<string, number>() // by process id, in ms of `performance.now()`
  #lock: Database | undefined
  #isListed = false // this process has a row in the table, or will have one soon
  #hasLookedForOrphans = false
  #timer: ReturnType<typeof setInterval> | undefined

  /** The path of the file; undefined for a queue in memory, which no other process can open. */
  constructor(path: string | undefined, transactions: Transactions) {
    this.#path = path
    this.#transactions = transactions
  }

  #lockFile = (id: string): string => `${this.#path}-${id}.alive`

  /** Registers a worker or event reader under its client name. Returns a function that removes it. */
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

  /** If a worker was closed by force and left active jobs behind, this process stays registered until it ends. */
  async close(): Promise<void> {
    clock.clearInterval(this.#timer)
    if (!this.#path || !this.#isListed) return
    const deletion = this.#transactions.run('write', queues => deleteProcess(queues, this.id))
    const isDeleted = await deletion.catch(() => true) // other processes will find this one dead
    const lock = this.#lock
    if (!isDeleted) return void (lock && locksHeldUntilExit.add(lock))
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
      // The file is busy or closing; the next check tries again.
    }
  }

  /** Another process found this one's lock free: answers that this process lives, and takes the lock again. */
  async #answer({ asked_at }: ProcessRow): Promise<void> {
    if (asked_at === null && this.#lock) return
    await this.#transactions.run('write', ({ sql }) => void sql.askProcess.run(null, this.id))
    this.#lock?.close()
    this.#lock = undefined
    this.#lock = lockOwnFile(this.#lockFile(this.id)) // if another process is just trying it, the next check does this again
  }

  async #isDead({ id, pid, host: processHost, asked_at }: ProcessRow): Promise<boolean> {
    if (!this.#isLockFree(id)) {
      this.#askedSince.delete(id)
      return false
    }
    if (processHost === host && !isRunning(pid)) return true
    const since = this.#askedSince.get(id)
    if (since !== undefined && asked_at !== null) return performance.now() - since > answerTimeout
    await this.#transactions.run('write', ({ sql }) => void sql.askProcess.run(now(), id))
    this.#askedSince.set(id, performance.now())
    return false
  }

  /** Without its lock file nothing is known about a process: the locks of its jobs expire by themselves. */
  #isLockFree(id: string): boolean {
    try {
      lockDatabase(this.#lockFile(id), { mustExist: true }).close()
      return true
    } catch {
      return false
    }
  }

  async #takeOver(id: string): Promise<void> {
    const { afterCommits, isDeleted } = await this.#transactions.run('write', queues => {
      const isUnanswered = !this.#askedSince.has(id) || queues.sql.isProcessAsked.get(id)
      if (!isUnanswered) return { afterCommits: [], isDeleted: false }
      const afterCommits = [...this.#recoveries].map(recovery => recovery(queues, id))
      return { afterCommits, isDeleted: deleteProcess(queues, id) }
    })
    for (const afterCommit of afterCommits) afterCommit()
    if (isDeleted) {
      this.#askedSince.delete(id)
      this.#removeLockFile(id)
    }
  }

  /** Removes lock files without a row: their process was killed after it made the file and before it registered. */
  #removeOrphanedFiles(processes: ProcessRow[]): void {
    if (this.#hasLookedForOrphans) return
    this.#hasLookedForOrphans = true
    const prefix = `${basename(this.#path!)}-`
    for (const name of readdirSync(dirname(this.#path!))) {
      if (!name.startsWith(prefix) || !/\.alive(-journal)?$/.test(name)) continue
      const id = name.slice(prefix.length).replace(/\.alive.*/, '')
      if (!processes.some(row => row.id === id)) this.#removeUnlessLocked(id)
    }
  }

  /** Holds the lock while it removes the file: a process that waits for the lock then sees that the file is gone, and makes a new one. */
  #removeUnlessLocked(id: string): void {
    try {
      if (!existsSync(this.#lockFile(id))) this.#removeLockFile(id) // only a journal is left
      const lock = lockDatabase(this.#lockFile(id), { mustExist: true })
      this.#removeLockFile(id)
      lock.close()
    } catch {
      // A process that is about to register holds it.
    }
  }

  #removeLockFile(id: string): void {
    for (const suffix of ['', '-journal']) rmSync(this.#lockFile(id) + suffix, { force: true })
  }
}

/** Deletes a process, unless it still owns active jobs: those wait for a worker of their queue to recover them. */
function deleteProcess({ sql }: QueueSet, id: string): boolean {
  sql.deleteClients.run(id)
  const ownsJobs = sql.ownsJobs.get(id)
  if (!ownsJobs) sql.deleteProcess.run(id)
  return !ownsJobs
}

/** Tries again if another process removed the new file as orphaned before its lock was taken. */
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

/** A process id is unique only within one host and one container. */
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
