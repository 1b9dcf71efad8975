// How large the next piece of a file may be: as large as the line carries in a few seconds, so that a piece
// lost with a broken connection is soon sent again and none takes longer than about ten seconds.

export const FIRST_PIECE = 2_000_000
export const SMALLEST_PIECE = 256_000
const LARGEST = 8_000_000
const SECONDS = 5

/** The size after a piece of `bytes` that took `seconds`. It grows by no more than half at a time. */
export function nextPieceSize(bytes, seconds) {
  const carried = (bytes / Math.max(seconds, 0.001)) * SECONDS
  return clamp(Math.min(carried, bytes * 1.5))
}

/** The size after a piece that did not arrive. */
export function smallerPieceSize(size) {
  return clamp(size / 2)
}

function clamp(size) {
  return Math.round(Math.min(LARGEST, Math.max(SMALLEST_PIECE, size)))
}
