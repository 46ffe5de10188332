// Makes elements. All content is added as text, never as markup, because it came from somebody's sheet.
export function made(tag, ...content) {
  const element = document.createElement(tag)
  element.append(...content)
  return element
}

export const classed = (name, element) => Object.assign(element, { className: name })

export function table(heads, rows) {
  const table = classed('dense', made('table', made('thead', row('th', heads))))
  table.append(made('tbody', ...rows.map(cells => row('td', cells))))
  return classed('sheet', made('div', table))
}
const row = (tag, cells) =>
  made('tr', ...cells.map(cell => made(tag, cell instanceof Element ? cell : String(cell ?? '–'))))
