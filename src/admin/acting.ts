/** What an admin does, written down with its result: also where it was refused, and where it failed. */
import { atomically } from '../../db/transaction.ts'
import type { App } from '../context.ts'
import { Refusal } from '../errors.ts'
import type { Who } from '../runtime/exchange.ts'
import { audit, type Deed } from './audit.ts'

export type Acting = { who: Pick<Who, 'id' | 'username'> } & Pick<Deed, 'action' | 'target' | 'detail'>

export async function acting<T>({ db, clock }: App, { detail, ...deed }: Acting, work: () => Promise<T>): Promise<T> {
  const note = (result: Deed['result'], more: Record<string, unknown> = {}) =>
    atomically(db, tx => audit(tx, { ...deed, at: clock.now(), detail: { ...detail, ...more }, result }))
  try {
    const done = await work()
    await note('ok')
    return done
  } catch (error) {
    await note(error instanceof Refusal ? 'refused' : 'failed', {
      why: error instanceof Error ? error.message : String(error),
    })
    throw error
  }
}
