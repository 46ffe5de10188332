// Runs before anything is painted, so that a page never flashes in the wrong theme.
{
  const root = document.documentElement
  root.dataset.js = ''
  try {
    const chosen = localStorage.getItem('theme')
    if (chosen) root.dataset.theme = chosen
  } catch {
    // No storage here: the system's choice holds.
  }
}
