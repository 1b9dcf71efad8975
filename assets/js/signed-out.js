// Who was signed out meanwhile, elsewhere or by a new password, is asked to sign in again and comes back here.

export function leadSignedOutToTheDoor() {
  const ask = window.fetch.bind(window)
  window.fetch = async (...request) => {
    const response = await ask(...request)
    if (response.status === 401) location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`)
    return response
  }
}
