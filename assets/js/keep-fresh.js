// What a page shows is fetched again now and then, as long as somebody looks at it.

/** Calls `refresh` after each pause of `pauseMs()`, until there is none. Answers a function that ends it. */
export function keepFresh(refresh, pauseMs) {
  let timer
  let isStopped = false
  const wait = () => {
    const pause = pauseMs()
    if (pause && !isStopped) timer = setTimeout(look, pause)
  }
  async function look() {
    if (!document.hidden) await refresh().catch(() => {})
    wait()
  }
  wait()
  return () => { isStopped = true; clearTimeout(timer) }
}
