// The page, or the part of one, that the server answers.

export async function answeredPage(response) {
  return pageOf(await response.text())
}

export function pageOf(html) {
  return new DOMParser().parseFromString(html, 'text/html')
}
