// Names are written from right to left in many languages, while the sentences about them are not. The same as `around_name`
// of src/http/format.rs.

/** A text that keeps its own direction of writing. */
export function isolated(text) {
  const made = document.createElement('bdi')
  made.textContent = text
  return made
}

/** A sentence in which the name that it quotes is isolated, as nodes. */
export function sentence(text) {
  const [, before, name, after] = text.match(/^(.*?“)(.+)(”.*)$/s) ?? []
  return name ? [before, isolated(name), after] : [text]
}
