/**
 * Does something again and again until the signal: at once when it says that there is more to do, else after `everyMs`. A failure
 * is reported and does not end it.
 */
export function repeat(
  everyMs: number,
  signal: AbortSignal,
  act: () => Promise<boolean>,
  onError: (error: unknown) => void,
): void {
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => clearTimeout(timer))
  async function turn(): Promise<void> {
    let more = false
    try {
      more = await act()
    } catch (error) {
      onError(error)
    }
    if (!signal.aborted) timer = setTimeout(() => void turn(), more ? 0 : everyMs)
  }
  void turn()
}
