/**
 * Reading sheets beside papaparse and exceljs, each in a fresh process: median time, peak memory, and the ratio between them.
 *
 *   bun scripts/bench/scan.ts [csv rows = 1000000] [xlsx rows = 100000] [times = 3]
 */
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { type Governor, rokTrackerHeaders, rokTrackerRow } from '../../test/fixtures/sheets/scans.ts'
import { random } from '../../test/fixtures/sheets/random.ts'
