let segmenter: Intl.Segmenter | undefined // made when it is first needed: that takes 5 ms

/** The beginning of a text, at most so many UTF-16 units: never a part of a character, such as half an emoji or a letter without its accent. */
export function truncate(text: string, length: number): string {
  if (text.length <= length) return text
  segmenter ??= new Intl.Segmenter()
  const start = segmenter.segment(text.slice(0, length + 32)).containing(length)?.index
  return text.slice(0, start || length)
}

/** The same for a message: what is cut off is shown as an ellipsis. */
export const abridged = (text: string, length: number): string =>
  text.length > length ? `${truncate(text, length)}…` : text
