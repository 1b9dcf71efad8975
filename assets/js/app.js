// Where every page's scripts start: the list of behaviours, each a module of its own.

import { later, register, start } from './behaviours.js'
import { cancel } from './cancel.js'
import { editForm } from './edit-form.js'
import { emptyCatalogue } from './empty-catalogue.js'
import { showFullTexts } from './full-texts.js'
import { history } from './history.js'
import { importNames } from './import-names.js'
import { importLive } from './import-live.js'
import { importOver } from './import-over.js'
import { menu } from './menu.js'
import { keepPageWhileUploading } from './navigation.js'
import { openPanels } from './panel.js'
import { resumeOffers } from './resume-offers.js'
import { runningNotice } from './running-notice.js'
import { uploadForm } from './upload-form.js'
import { leadSignedOutToTheDoor } from './signed-out.js'
import { showUploadStatus } from './upload-status.js'

const ofWebhooks = name => later(() => import('./webhooks/behaviours.js').then(page => page[name]))

register({
  'bulk-change': later(() => import('./bulk-change.js').then(page => page.bulkChange)),
  cancel,
  copies: ofWebhooks('copies'),
  'edit-form': editForm,
  'empty-catalogue': emptyCatalogue,
  'extra-headers': ofWebhooks('extraHeaders'),
  history,
  'import-names': importNames,
  'import-live': importLive,
  'import-over': importOver,
  menu,
  'product-list': later(() => import('./list/page.js').then(page => page.productList)),
  question: later(() => import('./question.js').then(page => page.question)),
  'resume-offers': resumeOffers,
  'running-notice': runningNotice,
  secret: ofWebhooks('secret'),
  'upload-form': uploadForm,
  webhook: ofWebhooks('webhook'),
  webhooks: ofWebhooks('webhooks'),
})
leadSignedOutToTheDoor()
openPanels()
keepPageWhileUploading()
showFullTexts()
showUploadStatus()
start()
