// What the live page is told, event by event, over all the streams it opens as processes come and go.

/** Has every page of this tab note its streams from its first on. */
export async function noteStream(page) {
  await page.addInitScript(() => {
    const noted = { rows: [], at: [] }
    window.notedStream = noted
    window.EventSource = class extends EventSource {
      constructor(...given) {
        super(...given)
        for (const kind of ['row', 'progress', 'end']) this.addEventListener(kind, event => note(kind, event))
      }
    }
    function note(kind, event) {
      noted.at.push(performance.now())
      if (kind === 'row') noted.rows.push(Number(event.lastEventId))
    }
  })
}

/** The numbers of the rejected rows that the page was told of, each once and in order, and its longest time without news. */
export async function streamNoted(page) {
  const { rows, at } = await page.evaluate(() => window.notedStream)
  const waits = at.slice(1).map((time, place) => time - at[place])
  return {
    told: [...new Set(rows)].sort((one, other) => one - other),
    silenceSeconds: Math.round(Math.max(0, ...waits)) / 1000,
  }
}
