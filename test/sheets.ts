/** A sheet league and files for it. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../src/context.ts'
import { locks } from '../src/locks.ts'
import type { caller } from './start.ts'

type Call = ReturnType<typeof caller>

export const season = {
  name: 'Northern season',
  kind: 'sheet',
  starts_at: '2026-01-01T00:00:00Z',
  ends_at: '2099-01-01T00:00:00Z',
}

export const newLeague = (call: Call, config: object = {}, name = season.name) =>
  call.post('/api/v1/leagues', { ...season, name, config })

type UploadFields = Record<string, string>
export function formOf(
  content: string | Uint8Array | Blob,
  filename = 'scan.csv',
  fields: UploadFields = {},
): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new File([content as BlobPart], filename))
  return form
}

export const upload = (
  call: Call,
  leagueId: number,
  content: string | Uint8Array | Blob,
  fields: UploadFields = {},
  filename?: string,
) => call.post(`/api/v1/leagues/${leagueId}/uploads`, formOf(content, filename, fields))

/** Lets no sheet of the league be imported until the answer is called. */
export async function holdImports({ locks: taskLocks }: Pick<App, 'locks'>, leagueId: number) {
  const taken = await taskLocks.take(locks.import(leagueId))
  if ('heldBy' in taken) throw new Error('An import is still under way')
  return taken.release
}

/** The names of the files that the data folder keeps of uploads. */
export function filesOfUploads({ dataDir }: { dataDir: string }): string[] {
  const folder = join(dataDir, 'uploads')
  return existsSync(folder) ? readdirSync(folder) : []
}
