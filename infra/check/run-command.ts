import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Runs a command in the checkout with its output on ours. Resolves to its exit code; 1 where a signal ended it, 127 where
 * there is no such command. When `signal` aborts, the command and everything it started get a SIGTERM.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { directory: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(command, args, {
      cwd: options.directory,
      env: options.env,
      // A group of its own: turbo alone would leave the tests that it started.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const stop = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    }
    options.signal.addEventListener('abort', stop, { once: true })
    const finish = (code: number) => {
      options.signal.removeEventListener('abort', stop)
      resolve(code)
    }
    child.on('error', () => finish(127))
    child.on('exit', (code) => finish(code ?? 1))
  })
}
