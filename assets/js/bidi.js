// Names are written from right to left in many languages, while the sentences about them are not. The same as `around_name`
// of src/http/format.rs.

import { element } from './element.js'

/** A text that keeps its own direction of writing. */
export function isolated(text) {
  return element('bdi', '', text)
}

/** A sentence in which the name that it quotes is isolated, as nodes. */
export function sentence(text) {
  const [, before, name, after] = text.match(/^(.*?“)(.+)(”.*)$/s) ?? []
  return name ? [before, isolated(name), after] : [text]
}

/** The text of an element, with nothing to click in it, as nodes: what is isolated there stays so. */
export function words(element) {
  return [...element.childNodes].flatMap(node =>
    node.nodeName === 'BDI' ? isolated(node.textContent) : node.nodeName === '#text' ? node.data : words(node))
}
