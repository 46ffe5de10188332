/** What this place is called in the head and the title of every page. A process serves one place, so the layout knows it without being told. */
export const unnamed = 'Fieldhouse'

let shown = unnamed

export const shownPlaceName = (): string => shown
export const showPlaceName = (name: string): void => {
  shown = name
}
