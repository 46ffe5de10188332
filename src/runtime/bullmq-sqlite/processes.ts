import { Database } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import { clock, now } from './clock.ts'
import type { Queues } from './queues.ts'
import type { Transactions } from './transactions.ts'

/** How often workers look for processes that died, in ms. */
const lookEvery = 500

/** Locks to be held as long as the process lives: a database that nothing refers to is closed. */
const heldToTheEnd = new Set<Database>()

/** A worker, which takes over what the workers of its queue in a dead process were at. */
export interface Heir {
  /** In the transaction that strikes the dead process from the list. Returns the ids of the jobs. */
  inherit(queues: Queues, dead: string): string[]
  /** Gets those ids after it. */
  readonly recovered: string[]
}

/**
 * The processes that have the file open. Each holds a lock on a file of its own, "<file>-<id>.alive", which the kernel
 * lets go of the moment the process ends, however it ends: no pids (containers share a folder, not a pid space), and no
 * deadline that a process busy with a long synchronous job could miss.
 */
export class Processes {
  readonly id = crypto.randomUUID()
  #life: Database | undefined
  #looking: ReturnType<typeof setInterval> | undefined
  #heirs = new Set<Heir>()

  constructor(
    private readonly path: string,
    private readonly transactions: Transactions,
  ) {}

  /** Makes a worker or event reader known under its client name. Returns how to take it back. */
  async addClient(name: string): Promise<() => Promise<void>> {
    this.#live()
    const id = await this.transactions.run('write', ({ sql }) => {
      sql.addProcess.run(this.id, process.pid, now())
      return sql.addClient.get(this.id, name, now())!.id
    })
    return () => this.transactions.run('write', ({ sql }) => void sql.deleteClient.run(id))
  }

  addHeir(heir: Heir): void {
    this.#heirs.add(heir)
    this.#looking ??= clock.setInterval(() => this.#look(), lookEvery)
    this.#looking.unref()
    this.#look()
  }

  removeHeir(heir: Heir): void {
    this.#heirs.delete(heir)
  }

  /** A worker that was closed by force may have left jobs behind: then this process stays on the list until it ends. */
  async close(): Promise<void> {
    clock.clearInterval(this.#looking)
    if (!this.#life) return
    const leavesJobs = await this.transactions
      .run('write', ({ sql }) => {
        sql.deleteClients.run(this.id)
        if (sql.ownsJobs.get(this.id)) return true
        sql.deleteProcess.run(this.id)
        return false
      })
      .catch(() => false) // Others will find this process dead.
    if (leavesJobs) heldToTheEnd.add(this.#life)
    else {
      this.#life.close()
      rmSync(this.#lifeOf(this.id), { force: true })
    }
  }

  #live(): void {
    if (this.#life) return
    this.#life = new Database(this.#lifeOf(this.id), { create: true })
    this.#life.run('BEGIN EXCLUSIVE')
  }

  #look(): void {
    this.transactions
      .run('read', ({ sql }) => sql.processes.all())
      .then(async processes => {
        for (const { id } of processes) if (id !== this.id && this.#isDead(id)) await this.#bury(id)
      })
      .catch(() => {}) // The file is busy or closing: there will be another look.
  }

  /** Dead if its lock is free. Without its file nothing is known, and its locks are left to expire. */
  #isDead(id: string): boolean {
    if (!existsSync(this.#lifeOf(id))) return false
    try {
      const life = new Database(this.#lifeOf(id), { readwrite: true, create: false })
      try {
        life.run('BEGIN IMMEDIATE')
        return true
      } finally {
        life.close()
      }
    } catch {
      return false
    }
  }

  async #bury(id: string): Promise<void> {
    const heirs = [...this.#heirs]
    const { left, gone } = await this.transactions.run('write', queues => {
      const { sql } = queues
      const left = heirs.map(heir => heir.inherit(queues, id))
      sql.deleteClients.run(id)
      // Jobs of queues without a worker here wait for one that has: until then the dead stay on the list.
      const gone = sql.ownsJobs.get(id) === null
      if (gone) sql.deleteProcess.run(id)
      return { left, gone }
    })
    for (const [i, heir] of heirs.entries()) heir.recovered.push(...left[i]!)
    if (gone) rmSync(this.#lifeOf(id), { force: true })
  }

  #lifeOf(id: string): string {
    return `${this.path}-${id}.alive`
  }
}
