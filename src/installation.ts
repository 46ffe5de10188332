/** Where the files of this installation are: the same whether it runs from its sources or as the bundle that `scripts/build.ts` makes of them. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The folder of `package.json`, above this file and above the bundle. */
const root = rootAbove(import.meta.dir)

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))
}

/** By its path from the root of the repository: `installed('docs')`. */
export const installed = (path: string): string => join(root, path)

/** A file of an installed package: `packageFile('uplot/dist/uPlot.min.css')`. */
export const packageFile = (path: string): string => Bun.resolveSync(path, root)

/** Programs started by the path of their file: processes, threads, and modules that a thread loads. The bundle has a file for each, all in one folder. */
export const programs = [
  'src/main.ts',
  'src/reader-thread.ts',
  'src/writer-thread.ts',
  'src/leagues/export-worker.ts',
  'src/leagues/sheets/export-source.ts',
  'src/leagues/sheets/sheet-thread-worker.ts',
  'src/leagues/sheets/store-thread-worker.ts',
  'src/runs/index-worker.ts',
  'src/rota/solving/worker.ts',
  'packages/bullmq-sqlite/src/checkpoint-thread.ts', // its package finds it by itself, next to its code, here and in the bundle
  'scripts/backup.ts',
  'scripts/audit-ledger.ts',
] as const

const isBundle = import.meta.path !== installed('src/installation.ts')

/** The file to start it from: its source, or its file in the bundle. */
export const programFile = (program: (typeof programs)[number]): string =>
  isBundle ? join(import.meta.dir, basename(program).replace(/ts$/, 'js')) : installed(program)
