// Links to imports say the names of their files. Without scripts they say their numbers.

export function importNames(place) {
  const links = [...place.querySelectorAll('[data-import-name]')]
  const ids = [...new Set(links.map(link => link.dataset.importName))]
  if (ids.length > 0) name(links, ids).catch(() => {})
}

async function name(links, ids) {
  const response = await fetch(`/imports/names?ids=${ids.join(',')}`)
  if (!response.ok) return
  const names = await response.json()
  for (const link of links) {
    const filename = names[link.dataset.importName]
    if (!filename) continue
    link.title = link.textContent
    link.textContent = filename
  }
}
