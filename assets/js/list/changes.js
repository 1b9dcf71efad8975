// What happens elsewhere: a product saved in the panel shows at once and is marked for a moment, and while an import
// brings new ones the list stands still until it is asked to refresh.

export function productChanges({ root, results, signal }) {
  document.addEventListener('product-changed', async ({ detail }) => {
    await results.refresh()
    const row = detail?.id && document.getElementById(`product-${detail.id}`)
    if (!row) return
    row.classList.add('is-fresh')
    row.addEventListener('animationend', () => row.classList.remove('is-fresh'), { once: true })
  }, { signal })
  root.addEventListener('click', event => {
    const refresh = event.target.closest('[data-refresh]')
    if (!refresh) return
    event.preventDefault()
    results.show(results.query)
    const notice = refresh.closest('.notice:not([data-import])')
    notice?.remove()
  }, { signal })
}
