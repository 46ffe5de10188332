import { Database } from 'bun:sqlite'
import { rmSync } from 'node:fs'
import { clock, now } from './clock.ts'
import type { Queues } from './queues.ts'
import type { Transactions } from './transactions.ts'

const lookEvery = 500 // ms between looks for processes that died
/** Locks to be held as long as the process lives: a database that nothing refers to is closed. */
const heldToTheEnd = new Set<Database>()

/**
 * Takes over, for a worker, what the workers of its queue in a dead process were at, in the transaction that strikes that
 * process from the list. Returns what is to be done after it.
 */
export type Heir = (queues: Queues, dead: string) => () => void

/**
 * The processes that have the file open. Each holds a lock on a file of its own, "<file>-<id>.alive", which the kernel
 * lets go of the moment the process ends, however it ends.
 */
export class Processes {
  readonly id = crypto.randomUUID()
  #life: Database | undefined
  #looking: ReturnType<typeof setInterval> | undefined
  readonly heirs = new Set<Heir>()

  constructor(
    private readonly path: string,
    private readonly transactions: Transactions,
  ) {}

  #lifeOf = (id: string) => `${this.path}-${id}.alive`

  /** Makes a worker or event reader known under its client name. Returns how to take it back. */
  async addClient(name: string): Promise<() => Promise<void>> {
    if (!this.#life) {
      this.#life = new Database(this.#lifeOf(this.id), { create: true })
      this.#life.run('BEGIN EXCLUSIVE')
    }
    const id = await this.transactions.run('write', ({ sql }) => {
      sql.addProcess.run(this.id, process.pid, now())
      return sql.addClient.get(this.id, name, now())!.id
    })
    return () => this.transactions.run('write', ({ sql }) => void sql.deleteClient.run(id))
  }

  addHeir(heir: Heir): void {
    this.heirs.add(heir)
    this.#looking ??= clock.setInterval(this.#look, lookEvery).unref()
    void this.#look()
  }

  /** A worker that was closed by force may have left jobs behind: then this process stays on the list until it ends. */
  async close(): Promise<void> {
    clock.clearInterval(this.#looking)
    if (!this.#life) return
    const striking = this.transactions.run('write', queues => strike(queues, this.id))
    const isGone = await striking.catch(() => true) // Others will find this process dead.
    if (!isGone) return void heldToTheEnd.add(this.#life)
    this.#life.close()
    rmSync(this.#lifeOf(this.id), { force: true })
  }

  #look = async (): Promise<void> => {
    try {
      const processes = await this.transactions.run('read', ({ sql }) => sql.processes.all())
      for (const { id } of processes) if (id !== this.id && this.#isDead(id)) await this.#bury(id)
    } catch {
      // The file is busy or closing: there will be another look.
    }
  }

  /** Dead if its lock is free. Without its file nothing is known, and its locks are left to expire. */
  #isDead(id: string): boolean {
    try {
      using life = new Database(this.#lifeOf(id), { readwrite: true, create: false })
      life.run('BEGIN EXCLUSIVE')
      return true
    } catch {
      return false
    }
  }

  async #bury(id: string): Promise<void> {
    const { inherited, isGone } = await this.transactions.run('write', queues => ({
      inherited: [...this.heirs].map(heir => heir(queues, id)),
      isGone: strike(queues, id),
    }))
    for (const proceed of inherited) proceed()
    if (isGone) rmSync(this.#lifeOf(id), { force: true })
  }
}

/** Takes a process off the list, but not while there are jobs of its: they wait for a worker of their queue. */
function strike({ sql }: Queues, id: string): boolean {
  sql.deleteClients.run(id)
  const isGone = sql.ownsJobs.get(id) === null
  if (isGone) sql.deleteProcess.run(id)
  return isGone
}
