// What the side panel is made of, and the question before unsaved changes are left.

import { element } from './element.js'

export function makePanel() {
  const panel = element('dialog', 'panel')
  panel.setAttribute('aria-label', 'Product')
  panel.innerHTML = `
    <div class="panel__bar">
      <a class="panel__whole" href="/products">Open as a page</a>
      <button class="panel__close" type="button" data-close-panel aria-label="Close">
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15"/></svg>
      </button>
    </div>
    <div class="panel__content" tabindex="-1"></div>
    <dialog class="dialog" aria-labelledby="unsaved-title">
      <h2 id="unsaved-title">Leave without saving?</h2>
      <p>What you changed here is not saved yet.</p>
      <p class="button-row">
        <button class="button" type="button" value="stay" autofocus>Keep editing</button>
        <button class="button button--danger" type="button" value="leave">Discard changes</button>
      </p>
    </dialog>`
  document.body.append(panel)
  return panel
}

/** Asks; answers whether to leave. */
export function closingAsked(panel) {
  const dialog = panel.querySelector('dialog')
  if (dialog.open) return Promise.resolve(false)
  dialog.showModal()
  return new Promise(resolve => {
    const answer = ({ currentTarget: button }) => {
      dialog.close()
      resolve(button.value === 'leave')
    }
    for (const button of dialog.querySelectorAll('button')) button.onclick = answer
    // By Escape. That a dialog has closed is told in the next frame only, when it may be open again.
    dialog.oncancel = () => resolve(false)
  })
}

export function showSkeleton(place) {
  const skeleton = element('div', 'panel__skeleton')
  skeleton.append(...Array.from({ length: 4 }, () => element('span')))
  place.setAttribute('aria-busy', 'true')
  place.replaceChildren(skeleton)
}

/** Says on top of what is there that something did not work. */
export function showProblem(place, text) {
  place.removeAttribute('aria-busy')
  place.querySelector('.panel__skeleton')?.remove()
  place.querySelector(':scope > .notice')?.remove()
  const notice = element('p', 'notice notice--bad', text)
  notice.setAttribute('role', 'alert')
  place.prepend(notice)
  place.scrollTop = 0
}
