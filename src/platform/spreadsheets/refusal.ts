/** A file that cannot be read as a table. */
type SheetRefusalCode =
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

/** Readers that know more of a sheet extend this, as `leagues/sheets/reading/report.ts` does. */
export interface RefusalDetail {
  lookedFor?: string[]
  /** Headers of the sheet. */
  found?: string[]
  /** Headers that only the mapping knows. */
  unknown?: string[]
  line?: number
}

/** A sheet that cannot be used, with a message that tells the uploader what to change. Anything else that is thrown here is a bug. */
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
