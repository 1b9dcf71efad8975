// A browser has about six connections to a server for all its tabs. A page that was left, or that nobody looks at,
// must not keep one of them for its stream.

/**
 * Has `open` called when the page comes into view and `close` when it is left, or also, with `hidden`, while another tab
 * is looked at. Answers what ends it.
 */
export function tieToPage({ open, close, hidden = false }) {
  const stop = new AbortController()
  const listen = (target, kind, does) => target.addEventListener(kind, does, { signal: stop.signal })
  listen(window, 'pagehide', close)
  listen(window, 'pageshow', event => { if (event.persisted) open() })
  if (hidden) listen(document, 'visibilitychange', () => document.hidden ? close() : open())
  if (!hidden || !document.hidden) open()
  return () => { stop.abort(); close() }
}
