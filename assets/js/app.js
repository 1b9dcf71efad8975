// Where every page's scripts start: the list of behaviours, each a module of its own. All come as one file but for those of
// the list of products: apart, the others would cost more than they weigh.

import { later, register, start } from './behaviours.js'
import { bulkChange } from './bulk-change.js'
import { cancel } from './cancel.js'
import { copies } from './copy.js'
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
import { question } from './question.js'
import { resumeOffers } from './resume-offers.js'
import { runningNotice } from './running-notice.js'
import { uploadForm } from './upload-form.js'
import { leadSignedOutToTheDoor } from './signed-out.js'
import { showUploadStatus } from './upload-status.js'
import { extraHeaders } from './webhooks/extra-headers.js'
import { webhooks } from './webhooks/list.js'
import { webhook } from './webhooks/page.js'
import { secret } from './webhooks/secret.js'

register({
  'bulk-change': bulkChange,
  cancel,
  copies,
  'edit-form': editForm,
  'empty-catalogue': emptyCatalogue,
  'extra-headers': extraHeaders,
  history,
  'import-names': importNames,
  'import-live': importLive,
  'import-over': importOver,
  menu,
  'product-list': later(() => import('./list/page.js').then(page => page.productList)),
  question,
  'resume-offers': resumeOffers,
  'running-notice': runningNotice,
  secret,
  'upload-form': uploadForm,
  webhook,
  webhooks,
})
leadSignedOutToTheDoor()
openPanels()
keepPageWhileUploading()
showFullTexts()
showUploadStatus()
start()
