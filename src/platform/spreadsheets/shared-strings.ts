/** A workbook's shared strings, all in memory as one text column. */
import { sheetLimits } from './limits.ts'
import { type CellTexts, TextBuilder } from './text.ts'
import { LT, writeUnescaped, XmlScanner } from './xml.ts'

export class StringScanner extends XmlScanner {
  private readonly strings = new TextBuilder()
  private isInText = false
  /** Depth of phonetic hints, which are no part of the text. */
  private hintDepth = 0
  private text = new Uint8Array(1 << 12)
  private length = 0

  constructor() {
    super('The list of strings')
  }

  column(): CellTexts {
    return this.strings.column()
  }

  protected scan(): void {
    for (let p = this.at; ; this.at = p) {
      const start = p
      while (this.buffer[p] !== LT) p++
      const next = p < this.end ? this.readTag(p) : -1
      if (next < 0) return
      if (this.isInText && this.hintDepth === 0) this.append(start, p)
      p = next
      const { closing, selfClosing } = this
      if (this.isNamed('t')) this.isInText = !closing && !selfClosing
      else if (this.isNamed('rPh') && !selfClosing) this.hintDepth += closing ? -1 : 1
      else if (this.isNamed('si') && (closing || selfClosing)) this.keep()
    }
  }

  private append(start: number, stop: number): void {
    const needed = this.length + stop - start
    if (needed > sheetLimits.field) this.refuse('too_large', `has a text of over ${sheetLimits.field >> 20} MB`)
    if (needed > this.text.length) {
      const wider = new Uint8Array(needed * 2)
      wider.set(this.text.subarray(0, this.length))
      this.text = wider
    }
    this.length = writeUnescaped(this.buffer, start, stop, this.text, this.length)
  }

  private keep(): void {
    this.strings.set(this.text, 0, this.length)
    this.strings.keep()
    this.length = 0
    if (this.strings.to + this.strings.count * 4 > sheetLimits.strings)
      this.refuse('too_large', `takes over ${sheetLimits.strings >> 20} MB`)
  }
}
