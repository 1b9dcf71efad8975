// Starts every page's behaviours: an element says by data-behaviour which one it has.

import { start } from './behaviours.js'
import { keepPageWhileUploading } from './navigation.js'
import { showUploadStatus } from './upload-status.js'
import './times.js'

keepPageWhileUploading()
showUploadStatus()
start()
