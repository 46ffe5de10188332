import type { ModelData } from 'highs'
import type { Opening } from './plan.ts'

/** A column that is 1 if a person is assigned to an opening. */
export type AssignmentColumn = { column: number; opening: Opening }

/** What one unit of a column adds to each measure. */
type ColumnCosts = { balance?: number; cost?: number; broken?: number }

export class MilpTable {
  readonly balance: number[] = []
  readonly cost: number[] = []
  readonly broken: number[] = []
  readonly #whole: number[] = []
  readonly #least = new Map<number, number>()
  readonly #most: number[] = []
  readonly #lower: number[] = []
  readonly #upper: number[] = []
  readonly #starts = [0]
  readonly #indices: number[] = []
  readonly #values: number[] = []

  get columns(): number {
    return this.#most.length
  }

  addColumn(most: number, { balance = 0, cost = 0, broken = 0 }: ColumnCosts = {}): number {
    this.balance.push(balance)
    this.cost.push(cost)
    this.broken.push(broken)
    return this.#most.push(most) - 1
  }

  addIntegerColumn(adds: ColumnCosts): number {
    const column = this.addColumn(Number.POSITIVE_INFINITY, adds)
    this.#whole.push(column)
    return column
  }

  /** A fixed cost of every roster: a column that is always 1. */
  addConstantCost(cost: number) {
    this.#least.set(this.addColumn(1, { cost }), 1)
  }

  addRow(lower: number, upper: number, columns: number[], values?: number[]) {
    this.#lower.push(lower)
    this.#upper.push(upper)
    for (const [index, column] of columns.entries()) {
      this.#indices.push(column)
      this.#values.push(values ? values[index]! : 1)
    }
    this.#starts.push(this.#indices.length)
  }

  /** The first `binaries` columns are 0 or 1. */
  data(binaries: number): ModelData {
    const [numCols, numRows] = [this.columns, this.#lower.length]
    const colLower = new Float64Array(numCols)
    for (const [column, least] of this.#least) colLower[column] = least
    const integrality = new Int32Array(numCols).fill(1, 0, binaries)
    for (const column of this.#whole) integrality[column] = 1
    return {
      numCols,
      numRows,
      colCost: new Float64Array(numCols),
      colLower,
      colUpper: Float64Array.from(this.#most),
      rowLower: Float64Array.from(this.#lower),
      rowUpper: Float64Array.from(this.#upper),
      integrality,
      matrix: {
        format: 'csr',
        numRows,
        numCols,
        starts: Int32Array.from(this.#starts),
        indices: Int32Array.from(this.#indices),
        values: Float64Array.from(this.#values),
      },
    }
  }
}
