/** Why a file cannot be read as a table. */
export const sheetRefusalCodes = [
  'empty',
  'wrong_type',
  'lying_extension',
  'encrypted',
  'corrupt',
  'too_large',
  'line_too_long',
  'bad_mapping',
  'no_worksheet',
  'unknown_worksheet',
  'no_header',
  'no_id',
  'no_metric',
  'no_rows',
  'bad_rows',
] as const
type SheetRefusalCode = (typeof sheetRefusalCodes)[number]

/** A sheet that cannot be used, with a message that tells the uploader what to change. Anything else that is thrown here is a bug. */
export class SheetRefusal extends Error {
  override name = 'SheetRefusal'
  constructor(
    readonly code: SheetRefusalCode,
    message: string,
  ) {
    super(message)
  }
}

export const refuseSheet = (code: SheetRefusalCode, message: string): never => {
  throw new SheetRefusal(code, message)
}
