/** DuckDB with two threads in a separate process, installed into a folder for temporary files. */
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAnsweringChild } from '../../trials/answering-child.ts'
import { Missing } from '../comparison.ts'

const version = '1.5.6-r.1'
const home = join(tmpdir(), `fieldhouse-bench-duckdb-${version}`)

/** For each file it reads all rows, ranks them, selects the first page and prints `{ ms }`. */
const program = `
const { DuckDBInstance } = require('@duckdb/node-api')
const instance = await DuckDBInstance.create(process.argv[1], { threads: '2' })
const db = await instance.connect()
for await (const line of console) {
  const began = performance.now()
  await db.run("create or replace table scan as select * from read_csv('" + line + "')")
  await db.run('create or replace table board as select *, rank() over (order by "T4 Kills" * 10 + "T5 Kills" * 30 + Deads * 80 desc) as rank from scan')
  const page = await db.runAndReadAll('select * from board order by rank limit 50')
  if (page.getRows().length !== 50) throw new Error('The page is not full')
  console.log(JSON.stringify({ ms: performance.now() - began }))
}`

export type DuckDb = Exclude<Awaited<ReturnType<typeof openDuckDb>>, Missing>

/** `database`: a path, or `:memory:`. */
export async function openDuckDb(database: string) {
  if (!existsSync(join(home, 'node_modules'))) {
    mkdirSync(home, { recursive: true })
    await Bun.write(join(home, 'package.json'), '{"private":true}')
    const added = Bun.spawnSync([process.execPath, 'add', '--exact', `@duckdb/node-api@${version}`], {
      cwd: home,
      stdout: 'ignore',
      stderr: 'ignore',
      timeout: 60_000,
    })
    if (added.exitCode !== 0) return new Missing(`@duckdb/node-api ${version} could not be fetched`)
  }
  const child = startAnsweringChild('DuckDB', ['-e', program, database], { cwd: home })
  return {
    /** ms from the file to a page of the ranked board. */
    board: async (file: string): Promise<number> => Number(JSON.parse(await child.ask(file)).ms),
    stop: child.kill,
  }
}
