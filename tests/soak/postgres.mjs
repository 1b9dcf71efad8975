// A PostgreSQL of this run's own, from installed programs. It refuses to run as root, so then it runs as its own user.

import { execFileSync, spawn } from 'node:child_process'
import { chownSync, chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const DEBIAN = '/usr/lib/postgresql'

function programs() {
  const told = execFileSync('sh', ['-c', 'pg_config --bindir 2>/dev/null || true']).toString().trim()
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(version => `${DEBIAN}/${version}/bin`) : []
  const bin = [told, ...debian].find(place => existsSync(`${place}/initdb`) && existsSync(`${place}/postgres`))
  if (!bin) throw new Error('no PostgreSQL server is installed')
  return bin
}

function user() {
  if (process.getuid() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map(option => Number(execFileSync('id', [option, 'postgres'])))
  return { uid, gid }
}

/** Starts a server; answers its address and how to end it. */
export async function startPostgres() {
  const bin = programs()
  const as = user()
  const folder = mkdtempSync('/tmp/soak-postgres-')
  chmodSync(folder, 0o755)
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const data = `${folder}/data`
  execFileSync(`${bin}/initdb`, ['-D', data, '-U', 'soak', '--auth=trust', '--no-sync'], { ...as, cwd: folder, stdio: 'ignore' })
  const server = spawn(`${bin}/postgres`, ['-D', data, '-k', folder, '-c', 'listen_addresses='], { ...as, cwd: folder, stdio: 'ignore' })
  const url = `postgres:///postgres?host=${folder}&user=soak`
  while (!existsSync(`${folder}/.s.PGSQL.5432`)) await pause(50)
  return { url, stop: async () => { server.kill('SIGINT'); await pause(500); rmSync(folder, { recursive: true, force: true }) } }
}
