/** Numbers as people read them. Every function is pure; widths stay steady with tabular figures. */

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 1536 -> "1.5 KiB"; three significant figures at most, binary units. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** 192.4 -> "3 min 12 s"; at most two units. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return pair([Math.floor(whole / 60), 'min'], [whole % 60, 's'])
  const minutes = Math.round(whole / 60)
  if (minutes < 1440) return pair([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min'])
  const hours = Math.round(minutes / 60)
  return pair([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])
}

function pair(large: readonly [number, string], small: readonly [number, string]): string {
  return small[0] === 0 ? `${large[0]} ${large[1]}` : `${large[0]} ${large[1]} ${small[0]} ${small[1]}`
}

/** Time left, rounded so that it does not jitter: "less than a minute left", "about 8 min left". null: not known yet. */
export function formatEta(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return 'estimating time left'
  if (seconds < 10) return 'a few seconds left'
  if (seconds < 50) return `about ${Math.ceil(seconds / 10) * 10} s left`
  const minutes = Math.max(1, Math.round(seconds / 60))
  if (minutes < 60) return `about ${minutes} min left`
  const rounded = Math.round(minutes / 5) * 5
  if (rounded < 1440) return `about ${pair([Math.floor(rounded / 60), 'h'], [rounded % 60, 'min'])} left`
  const hours = Math.round(minutes / 60)
  return `about ${pair([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])} left`
}

/** "12.4 / min", or per hour when slower than one a minute. null: "". */
export function formatRate(itemsPerMinute: number | null): string {
  if (itemsPerMinute === null || itemsPerMinute <= 0) return ''
  const [value, unit] = itemsPerMinute >= 1 ? [itemsPerMinute, 'min'] : [itemsPerMinute * 60, 'h']
  return `${value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} / ${unit}`
}

/** A share 0..1: 0.8312 -> "83.1 %"; what is there but rounds to nothing says so. */
export function formatShare(share: number, digits = 1): string {
  const least = 10 ** -digits
  const percent = share * 100
  if (percent > 0 && percent < least / 2) return `< ${least.toFixed(digits)} %`
  return `${percent.toFixed(digits)} %`
}

/** 1234567 -> "1 234 567", with narrow no-break spaces. */
export function formatCount(count: number): string {
  return Math.round(count).toString().replaceAll(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** "1 panorama", "3 panoramas"; irregular plurals are given. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
const twoDigits = (value: number): string => value.toString().padStart(2, '0')

/** An ISO time against now: "just now", "12 min ago", "today 14:03", "yesterday 09:10", "3 Mar 2026". Local time. */
export function formatWhen(iso: string, now: Date): string {
  const then = new Date(iso)
  const seconds = (now.getTime() - then.getTime()) / 1000
  if (Number.isNaN(seconds)) return iso
  if (seconds < 60) return 'just now'
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  const clock = `${twoDigits(then.getHours())}:${twoDigits(then.getMinutes())}`
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const days = Math.ceil((midnight.getTime() - then.getTime()) / 86_400_000)
  if (days <= 0) return `today ${clock}`
  if (days === 1) return `yesterday ${clock}`
  return `${then.getDate()} ${MONTHS[then.getMonth()]} ${then.getFullYear()}`
}

/** Local wall-clock time with seconds, for logs: "14:03:09". */
export function formatClock(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')
}

/** A tensor's shape as Netron prints it: "[batch, 3, 512, 512]". */
export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`
}

/** The last part of a path of either style; the path itself when it has only one. */
export function baseName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== '')
  return parts.at(-1) ?? path
}

/** The folder a file lies in; its root when there is nothing above. */
export function folderOf(path: string): string {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  if (cut < 0) return path
  const folder = path.slice(0, cut)
  return folder === '' || /^[A-Za-z]:$/.test(folder) ? path.slice(0, cut + 1) : folder
}
