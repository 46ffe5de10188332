/** The name of this installation, shown on pages and in mails; and whether admins have dismissed the first steps. */
import { factOf, storeFact } from '../../db/facts.ts'
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid } from '../errors.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { Who } from '../platform/http/request-context.ts'
import { defaultName, setShownName } from '../ui/display-name.ts'

const nameFact = 'place_name'
const dismissedFact = 'first_steps_dismissed'

export const hasDisplayName = (db: Db): boolean => factOf(db, nameFact) !== undefined
export const displayName = (db: Db): string => factOf(db, nameFact) ?? defaultName

export async function changeDisplayName({ db, clock }: App, who: Who, given: string): Promise<{ name: string }> {
  const name = given
    .normalize('NFC')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
  if (!name) invalid('name', 'Enter a name.')
  await atomically(db, tx => {
    storeFact(tx, nameFact, name)
    touch(tx, 'display_name')
    audit(tx, { at: clock.now(), who, action: 'display_name.change', target: 'display_name', detail: { name } })
  })
  return { name }
}

export const areStepsDismissed = (db: Db): boolean => factOf(db, dismissedFact) !== undefined

export async function dismissSteps({ db, clock }: App, who: Who): Promise<void> {
  await atomically(db, tx => {
    storeFact(tx, dismissedFact, 'yes')
    audit(tx, { at: clock.now(), who, action: 'first_steps.dismiss', target: 'first_steps' })
  })
}

/** Call the returned function before each page: another process may have changed the name. Only reads the database when its stamp has changed. */
export function followDisplayName({ db, stamps }: App): () => void {
  let lastVersion: string | undefined
  return () => {
    const version = stamps.versionOf([['display_name', '']])
    if (version === lastVersion) return
    lastVersion = version
    setShownName(displayName(db))
  }
}
