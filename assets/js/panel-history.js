// The side panel in the browser's history: it has an entry of its own at the same address, so that Back closes it,
// Forward opens it again, and a page that is loaded anew shows what it showed.

let behind = ''
let leaving

/** What the panel shows at this entry, if anything. */
export function shownHere() {
  return history.state?.panel
}

/** Notes what the panel shows now: in a new entry when it opens, in the same one as long as it is open. */
export function enter(address) {
  behind = location.href
  const state = { ...history.state, panel: address }
  if (shownHere()) history.replaceState(state, '')
  else history.pushState(state, '')
}

/** The same once the browser has left the entry already: it comes back to it. */
export function enterAgain(address) {
  history.pushState({ ...history.state, panel: address }, '', behind)
}

/** Whether the page behind the panel is the one of the address. */
export function isBehind() {
  return location.href === behind
}

/** Leaves the panel's entry, as Back does. Until then the panel stays, so that nothing else is clicked meanwhile. */
export function leave() {
  if (!shownHere()) return Promise.resolve()
  if (!leaving) {
    leaving = Promise.withResolvers()
    history.back()
  }
  return leaving.promise
}

/** Whether the browser has just gone where `leave` sent it. */
export function hasLeft() {
  const left = leaving
  leaving = undefined
  left?.resolve()
  return left !== undefined
}
