import type { Job } from '../../contract/schemas.ts'
import { duration, note } from './output.ts'

export interface ProgressLine {
  /** `more` follows the numbers */
  count(done: number, total: number, more?: string): void
  show(job: Job): void
  print(line: string): void
  end(): void
}

/** Where an item takes long, what happens meanwhile is noted so often. */
const QUIET_MS = 10_000

/** One line that is rewritten on a terminal; elsewhere a line per finished item, or per hundredth of very many, and one now and then. */
export function createProgressLine(): ProgressLine {
  const terminal = process.stderr.isTTY
  let lastLine = -1
  let notedAt = 0
  let drawn = false
  const clear = (): void => {
    if (drawn) process.stderr.write('\r\u001b[K')
    drawn = false
  }
  const draw = (done: number, total: number, line: string): void => {
    if (terminal) {
      clear()
      process.stderr.write(line.slice(0, (process.stderr.columns ?? 80) - 1))
      drawn = true
      return
    }
    const at = total > 100 ? Math.floor((100 * done) / total) : done
    if (total === 0 || (at === lastLine && performance.now() - notedAt < QUIET_MS)) return
    lastLine = at
    notedAt = performance.now()
    note(line)
  }
  return {
    show(job) {
      const eta = job.etaSeconds === null ? '' : `, ${duration(job.etaSeconds)} left`
      draw(job.done, job.total, `${job.done}/${job.total} (${Math.round(job.progress * 100)} %)${eta}  ${job.message}`)
    },
    count: (done, total, more = '') => draw(done, total, `${done}/${total}${more}`),
    print(line) {
      clear()
      note(line)
    },
    end: clear,
  }
}
