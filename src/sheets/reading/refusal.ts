export type RefusalCode =
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

/** A sheet that cannot be used, said so that its uploader can mend it. Anything else that is thrown here is a bug. */
export class SheetRefusal extends Error {
  override name = 'SheetRefusal'
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly detail: Record<string, unknown> = {},
  ) {
    super(message)
  }
}

export const refuseSheet = (code: RefusalCode, message: string, detail?: Record<string, unknown>): never => {
  throw new SheetRefusal(code, message, detail)
}
