/** Limits beyond which a sheet is refused. Bytes unless a name says otherwise. */
export const sheetLimits = {
  field: 1 << 20,
  /** An id or a name, in characters as JavaScript counts them: the board shows hundreds on a page. */
  text: 200,
  /** One record, all its fields. */
  line: 4 << 20,
  columns: 1024,
  rows: 5_000_000,
  /** Metrics times rows; eight bytes each are held in memory. */
  cells: 100_000_000,
  /** Findings kept of each kind; all are counted. */
  findings: 10_000,
  /** The first rows of a worksheet, in characters: each cell may repeat a long shared string. */
  firstRows: 4 << 20,
  /** A zip directory with more entries is no workbook. */
  zipEntries: 10_000,
  /** Against zip bombs: all of a workbook inflated, and (past `inflatedFree`) the ratio of a part to its packed size. Deflate cannot exceed 1032. */
  inflated: 6 * 2 ** 30,
  inflatedFree: 32 << 20,
  inflatedRatio: 300,
  /** Workbook parts that are read whole: the list of sheets, relations, styles. */
  part: 16 << 20,
  /** Tags of such a part that we use. */
  tags: 500_000,
  /** All shared strings of a workbook together, which are held in memory. */
  strings: 512 << 20,
}
