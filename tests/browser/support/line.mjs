// The line between browser and server: as slow as a test likes, and it breaks when the test says so.

import net from 'node:net'

export class Line {
  constructor(server) {
    this.server = server
    this.bytesPerSecond = Infinity
    this.untilSlow = Infinity
    this.isDown = false
    this.sockets = new Set()
    this.listener = net.createServer(client => this.carry(client))
  }

  async open() {
    await new Promise(resolve => this.listener.listen(0, '127.0.0.1', resolve))
    this.address = `http://127.0.0.1:${this.listener.address().port}`
    return this
  }

  carry(client) {
    if (this.isDown) return client.destroy()
    const server = net.connect(this.server.port, '127.0.0.1')
    this.sockets.add(client)
    client.on('data', bytes => {
      server.write(bytes)
      this.hold(client, bytes.length)
    })
    server.on('data', bytes => client.write(bytes))
    for (const [one, other] of [[client, server], [server, client]]) {
      one.on('error', () => other.destroy())
      one.on('end', () => other.end())
      one.on('close', () => { other.destroy(); this.sockets.delete(client) })
    }
  }

  /** So many bytes from now on the line becomes slow. Whoever waits until they have arrived may come too late for that. */
  slowAfter(bytes, bytesPerSecond) {
    this.untilSlow = bytes
    this.slowly = bytesPerSecond
    this.slowDown()
  }

  slowDown() {
    if (this.untilSlow > 0) return
    this.bytesPerSecond = this.slowly
    this.untilSlow = Infinity
  }

  /** Stops reading for as long as these bytes would have taken. */
  hold(client, length) {
    this.untilSlow -= length
    this.slowDown()
    const ms = (length / this.bytesPerSecond) * 1000
    if (ms < 1) return
    client.pause()
    setTimeout(() => client.resume(), ms)
  }

  /** Breaks every connection, as a lost network does. */
  cut() {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  /** Nothing comes through until `mend`. */
  breakDown() {
    this.isDown = true
    this.cut()
  }

  mend() {
    this.isDown = false
  }

  close() {
    this.cut()
    this.listener.close()
  }
}
