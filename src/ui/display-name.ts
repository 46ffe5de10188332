/** The name of this installation in the head and title of every page. A process serves one installation, so the layout need not be passed the name. */
export const defaultName = 'Fieldhouse'

let shown = defaultName

export const shownName = (): string => shown
/** Discord refuses names that contain its own or that of its first bot. */
export const webhookName = (name: string): string => (/discord|clyde/i.test(name) ? defaultName : name)

export const setShownName = (name: string): void => {
  shown = name
}
