/** What this place is called in the head and the title of every page. A process serves one place, so the layout knows it without being told. */
export const unnamed = 'Fieldhouse'

let shown = unnamed

export const shownName = (): string => shown
/** Discord takes no name that holds its own or that of its first bot. */
export const webhookName = (place: string): string => (/discord|clyde/i.test(place) ? unnamed : place)

export const setShownName = (name: string): void => {
  shown = name
}
