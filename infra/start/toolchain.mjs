import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// Runs on whatever Node the machine has, before anything is installed: plain JavaScript, no dependencies, Node >= 20.

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The pinned Node 24. The binary itself and not a shim, so that signals reach it. */
export const pinnedNode = join(root, 'node_modules/node/bin/node')

const OLDEST_NODE = 20
const STAMP = join(root, 'node_modules/.switchyard-install')

/**
 * Installs the dependencies where they are not what the lockfile says: pnpm through npx, in the version that package.json
 * names. Otherwise this takes a few milliseconds and touches no network. Ends the process with a message where it can't.
 */
export async function installDependencies() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_NODE)
    fail(`Node ${process.versions.node} is too old to begin with; ${OLDEST_NODE} or later is needed.`)
  const wanted = await fingerprint()
  if (await isInstalled(wanted)) return
  await withLock(async () => {
    if (await isInstalled(wanted)) return
    const pnpm = await pnpmSpec()
    console.error(`switchyard: installing dependencies with ${pnpm}`)
    const code = await run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'], { CI: 'true' })
    if (code !== 0) fail(`Installing the dependencies failed (${pnpm} install --frozen-lockfile, exit code ${code}).`)
    if (!existsSync(pinnedNode)) fail(`The npm package "node" left no binary at ${pinnedNode}.`)
    await writeFile(STAMP, wanted)
  })
}

/** `PATH` with the tools of the checkout first. */
export function toolPath(...more) {
  return [join(root, 'node_modules/.bin'), ...more, process.env.PATH].filter(Boolean).join(delimiter)
}

/** The pinned pnpm as npx knows it: `pnpm@12.21.0`. */
export async function pnpmSpec() {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return packageManager.split('+')[0]
}

/** Says what is wrong and ends the process. */
export function fail(message) {
  console.error(`\nswitchyard: ${message}`)
  process.exit(1)
}

/** Runs a command in the checkout with its output on standard error; resolves to the exit code, 127 where it is missing. */
export function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } })
    child.on('error', () => resolve(127))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** pnpm keeps a copy of the lockfile it installed: equal means up to date, also after somebody ran pnpm by hand. */
async function isInstalled(wanted) {
  if (!existsSync(pinnedNode)) return false
  const [stamp, installed, lockfile] = await Promise.all(
    [STAMP, join(root, 'node_modules/.pnpm/lock.yaml'), join(root, 'pnpm-lock.yaml')].map((file) =>
      readFile(file, 'utf8').catch(() => undefined),
    ),
  )
  return stamp === wanted || (stamp === undefined && installed !== undefined && installed === lockfile)
}

async function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(await readFile(join(root, file)))
  return hash.digest('hex')
}

/** Two stacks that start for the first time from one checkout must not install at once. A lock whose holder is gone is taken over. */
async function withLock(work) {
  const lock = join(tmpdir(), `switchyard-install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`)
  for (let waited = false; ; waited = true) {
    try {
      await mkdir(lock)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!(await isHeld(lock))) await rm(lock, { recursive: true, force: true })
    else if (!waited) console.error('switchyard: another process installs the dependencies, waiting for it')
    await sleep(200)
  }
  try {
    await writeFile(join(lock, 'pid'), String(process.pid))
    await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function isHeld(lock) {
  const pid = await readFile(join(lock, 'pid'), 'utf8').catch(() => undefined)
  // Taken a moment ago: the pid follows.
  if (pid === undefined) return sleep(500).then(() => existsSync(join(lock, 'pid')))
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
