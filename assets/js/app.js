// Where every page's scripts start: the list of behaviours, each a module of its own.

import { register, start } from './behaviours.js'
import { cancel } from './cancel.js'
import { history } from './history.js'
import { importLive } from './import-live.js'
import { importOver } from './import-over.js'
import { keepPageWhileUploading } from './navigation.js'
import { resumeOffers } from './resume-offers.js'
import { runningNotice } from './running-notice.js'
import { uploadForm } from './upload-form.js'
import { showUploadStatus } from './upload-status.js'

register({
  cancel,
  history,
  'import-live': importLive,
  'import-over': importOver,
  'resume-offers': resumeOffers,
  'running-notice': runningNotice,
  'upload-form': uploadForm,
})
keepPageWhileUploading()
showUploadStatus()
start()
