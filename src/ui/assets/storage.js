// What the browser stores for us. Where it refuses to, as with cookies blocked, choices last as long as the page.
export const local = storageOf('localStorage')
export const session = storageOf('sessionStorage')

function storageOf(name) {
  try {
    return window[name] ?? ofThisPage()
  } catch {
    return ofThisPage()
  }
}

function ofThisPage() {
  const values = new Map()
  return {
    getItem: key => values.get(key) ?? null,
    setItem: (key, value) => values.set(key, value),
    removeItem: key => values.delete(key),
  }
}
