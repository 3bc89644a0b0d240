import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pinnedNode, root, toolPath } from './toolchain.mjs'

/**
 * Runs a file of the checkout with the pinned Node and ends this process as that one ends. SIGINT, SIGTERM and SIGHUP are
 * passed on; so is the death of whoever started us, where that was npm: its shell does not forward a SIGTERM.
 */
export function runNode(file, args, env = {}) {
  const child = spawn(pinnedNode, [file, ...args], {
    cwd: root,
    // The fourth is a line to the child that breaks when this process is killed: the stack stops itself then.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PATH: toolPath(), ...env },
  })
  const stop = (signal) => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const watch = watchStarter(() => stop('SIGTERM'))
  child.on('error', (error) => {
    console.error(`switchyard: ${pinnedNode} does not run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    clearInterval(watch)
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 1))
  })
}

/** Under `npm start` the starters are npm and, on most systems, a shell between it and us; either may be killed alone. */
function watchStarter(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined
  const parent = process.ppid
  const isShell = /(^|\/)(sh|dash|bash|ash|busybox)\0(sh\0)?-c\0/.test(read(`/proc/${parent}/cmdline`))
  const grandparent = isShell ? parentOf(parent) : undefined
  const watch = setInterval(() => {
    if (process.ppid === parent && (grandparent === undefined || parentOf(parent) === grandparent)) return
    clearInterval(watch)
    onGone()
  }, 100)
  return watch
}

/** Fourth field of /proc/<pid>/stat; the second is a name in parentheses that may hold anything. */
function parentOf(pid) {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
}

/** Empty on systems without /proc. */
function read(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
