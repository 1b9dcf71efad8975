// Tells a screen reader, politely.

export function announce(text) {
  const region = document.querySelector('[data-announcements]')
  if (region && region.textContent !== text) region.textContent = text
}
