/** Files uploaded in a browser without JavaScript that wait until their columns are chosen. */
import { link } from 'node:fs/promises'
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { uploadDrafts } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { newFileName, type ReceivedFile, uploadPath } from './receive-file.ts'

export type UploadDraft = typeof uploadDrafts.$inferSelect

export const insertDraft = (tx: Db, draft: typeof uploadDrafts.$inferInsert): UploadDraft =>
  tx.insert(uploadDrafts).values(draft).returning().get()

export const changeDraft = (tx: Db, id: number, change: Partial<UploadDraft>): void =>
  void tx.update(uploadDrafts).set(change).where(eq(uploadDrafts.id, id)).run()

/** Whoever takes the draft owns its file: it is imported or deleted once, however many requests ask for that. */
export function takeDraft(tx: Db, id: number): void {
  const taken = tx.delete(uploadDrafts).where(eq(uploadDrafts.id, id)).returning().get()
  if (!taken) refuse('not_found', draftGone)
}

/** Officers see only the files that they chose themselves. */
export function draftOf(db: Db, leagueId: number, id: number, who: Who): UploadDraft {
  const draft = db
    .select()
    .from(uploadDrafts)
    .where(and(eq(uploadDrafts.id, id), eq(uploadDrafts.leagueId, leagueId)))
    .get()
  return draft && draft.userId === who.id ? draft : refuse('not_found', draftGone)
}

const draftGone = 'This file is no longer available; choose it again on the page of uploads'

export const receivedDraft = ({ file, filename, bytes, sha256, kind }: UploadDraft): ReceivedFile => ({
  file,
  filename,
  bytes,
  sha256,
  fields: { kind },
  synced: Promise.resolve(),
})

/** A hard link to the file: a trial run deletes the file it is given. */
export async function linkForTrial({ config, processId }: App, draft: UploadDraft): Promise<ReceivedFile> {
  const file = newFileName(processId)
  await link(uploadPath(config.dataDir, draft.file), uploadPath(config.dataDir, file))
  return { ...receivedDraft(draft), file }
}

export type ColumnChoice = { header: string; role: string; called: string }

/** `id`, `name`, `label:alliance`, a metric, or null: as in a mapping. */
const choiceOf = ({ role, called }: ColumnChoice): string | null =>
  role === 'none' ? null : role === 'metric' ? called.trim() : role === 'label' ? `label:${called.trim()}` : role

export const mappingOfChoices = (choices: readonly ColumnChoice[]): Record<string, string | null> =>
  Object.fromEntries(choices.map(choice => [choice.header, choiceOf(choice)]))

/** Why the file cannot be imported like this; undefined if it can. */
export function draftFault(choices: readonly ColumnChoice[]): string | undefined {
  const count = (wanted: string) => choices.filter(({ role }) => role === wanted).length
  if (count('id') !== 1) return 'Choose one column as the player id: it identifies players from scan to scan.'
  if (count('name') > 1) return 'Only one column can be the name.'
  if (count('metric') === 0) return 'Choose at least one column as a metric.'
  const unnamed = choices.find(({ role, called }) => (role === 'metric' || role === 'label') && !called.trim())
  return unnamed && `Give “${unnamed.header}” a name.`
}
