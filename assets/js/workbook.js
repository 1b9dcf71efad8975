// Tells an Excel workbook from a text file, by its name and by how it begins.

const NAME = /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i
const BEGINNINGS = [[0x50, 0x4b, 0x03, 0x04], [0xd0, 0xcf, 0x11, 0xe0]]

export async function isWorkbook(file) {
  if (NAME.test(file.name)) return true
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer())
  return BEGINNINGS.some(bytes => bytes.every((byte, place) => start[place] === byte))
}

export function workbookAdvice(file) {
  return `${file.name} is a spreadsheet, not a CSV file. Open it in Excel, choose File › Save As, pick the format “CSV UTF-8 (Comma delimited)”, and drop the new file here.`
}
