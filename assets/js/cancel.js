// Asks before an import is cancelled. Without scripts the form cancels at once.

export function cancel(form) {
  const dialog = form.querySelector('dialog')
  form.addEventListener('submit', event => {
    if (dialog.open) return dialog.close()
    event.preventDefault()
    const phase = form.closest('[data-phase]').dataset.phase
    for (const words of dialog.querySelectorAll('[data-phases]')) {
      words.hidden = !words.dataset.phases.split(' ').includes(phase)
    }
    dialog.showModal()
  })
  dialog.querySelector('[value=keep]').addEventListener('click', () => dialog.close())
}
