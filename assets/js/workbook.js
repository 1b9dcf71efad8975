// Tells an Excel workbook from a text file, by its name and by how it begins.

const NAME = /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i
const OLD_EXCEL = '\xd0\xcf\x11\xe0'
const ZIP = 'PK\x03\x04'
// Workbooks are archives; these are the names of what is in them first.
const INSIDE = /\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/|mimetypeapplication\/vnd\.oasis/

export async function isWorkbook(file) {
  if (NAME.test(file.name)) return true
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 4096).arrayBuffer()))
  return start.startsWith(OLD_EXCEL) || (start.startsWith(ZIP) && INSIDE.test(start))
}

export function workbookAdvice(file) {
  return `${file.name} is a spreadsheet, not a CSV file. Open it in Excel, choose File › Save As, pick the format “CSV UTF-8 (Comma delimited)”, and drop the new file here.`
}
