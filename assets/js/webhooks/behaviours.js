// What the pages of webhooks need, as one file: apart, they would cost more than they weigh.

export { copies } from '../copy.js'
export { extraHeaders } from './extra-headers.js'
export { webhooks } from './list.js'
export { webhook } from './page.js'
export { secret } from './secret.js'
