// Two web and two worker processes behind the router, each with an empty folder of its own, restarted at random.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

export class Crew {
  constructor(program, url, router) {
    Object.assign(this, { program, url, router, members: [], restarts: 0 })
  }

  async start() {
    for (const half of ['web', 'web', 'worker', 'worker']) this.members.push(await this.member(half))
    this.route()
    return this
  }

  async member(half) {
    const folder = mkdtempSync(`/tmp/soak-${half}-`)
    const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, DATABASE_URL: this.url, DATABASE_CONNECTIONS: '8', PORT: '0', RUST_LOG: 'error' }
    const child = spawn(this.program, [half], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    if (half === 'worker') return { half, folder, child, exited }
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    return { half, folder, child, exited, address: line.match(/http:\/\/(\S+)/)[1] }
  }

  route() {
    const addresses = this.members.filter(({ half }) => half === 'web').map(({ address }) => address)
    this.router.stdin.write(`${addresses.join(' ')}\n`)
  }

  /** Restarts one after another until `stopRestarting`; the router hears only of what came in a process's place. */
  async keepRestarting(everySeconds) {
    this.restarting = true
    while (this.restarting) {
      await pause(everySeconds * 1000 * (0.5 + Math.random()))
      if (!this.restarting) return
      const place = Math.floor(Math.random() * this.members.length)
      const gone = this.members[place]
      gone.child.kill(Math.random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
      await gone.exited
      const left = readdirSync(gone.folder)
      if (left.length > 0) throw new Error(`${gone.half} left ${left} on its disk`)
      this.members[place] = await this.member(gone.half)
      this.restarts += 1
      this.route()
    }
  }

  async stop() {
    this.restarting = false
    for (const { child, exited, folder } of this.members) {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
