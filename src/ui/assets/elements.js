// Makes elements. Content is added as text, never as markup, because it comes from people's sheets.
export function makeElement(tag, ...content) {
  const element = document.createElement(tag)
  element.append(...content)
  return element
}

export const withClass = (name, element) => Object.assign(element, { className: name })

export function makeTable(heads, rows) {
  const table = withClass('dense', makeElement('table', makeElement('thead', row('th', heads))))
  table.append(makeElement('tbody', ...rows.map(cells => row('td', cells))))
  return withClass('sheet', makeElement('div', table))
}
const row = (tag, cells) =>
  makeElement('tr', ...cells.map(cell => makeElement(tag, cell instanceof Element ? cell : String(cell ?? '–'))))
