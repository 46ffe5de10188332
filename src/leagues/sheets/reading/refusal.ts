import type { SheetReport } from './report.ts'

export type SheetRefusalCode =
  | 'empty'
  | 'wrong_type'
  | 'lying_extension'
  | 'encrypted'
  | 'corrupt'
  | 'too_large'
  | 'line_too_long'
  | 'bad_mapping'
  | 'no_worksheet'
  | 'no_header'
  | 'no_id'
  | 'no_metric'
  | 'no_rows'
  | 'bad_rows'

export interface RefusalDetail {
  /** Of a sheet that was read to its end: `bad_rows` and `no_rows`. */
  report?: SheetReport
  lookedFor?: string[]
  /** Headers of the sheet. */
  found?: string[]
  /** Headers that only the mapping knows. */
  unknown?: string[]
  line?: number
}

/** A sheet that cannot be used, said so that its uploader can mend it. Anything else that is thrown here is a bug. */
export class SheetRefusal extends Error {
  override name = 'SheetRefusal'
  constructor(
    readonly code: SheetRefusalCode,
    message: string,
    readonly detail: RefusalDetail = {},
  ) {
    super(message)
  }
}

export const refuseSheet = (code: SheetRefusalCode, message: string, detail?: RefusalDetail): never => {
  throw new SheetRefusal(code, message, detail)
}
