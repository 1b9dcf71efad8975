// Who was signed out meanwhile, elsewhere or by a new password, is asked to sign in again and comes back here; unless
// something is being typed, which would be lost.

import { isAtForm } from './edit-form.js'
import { toast } from './toast.js'

export const SIGNED_OUT = 'You were signed out. Sign in in another tab, then save again.'

let isTold = false

export function leadSignedOutToTheDoor() {
  const ask = window.fetch.bind(window)
  window.fetch = async (...request) => {
    const response = await ask(...request)
    if (response.status === 401) lead()
    else if (response.ok) isTold = false
    return response
  }
}

function lead() {
  if (!isAtForm()) {
    return location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`)
  }
  // Pages ask again and again by themselves.
  if (!isTold) toast({ text: SIGNED_OUT, tone: 'bad', action: { label: 'Sign in', run: () => open('/sign-in') } })
  isTold = true
}
