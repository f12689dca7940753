import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A small memory file system in place of a folder: for full and read-only disks. Needs root on Linux. */
export interface SmallDisk {
  remount(options: string): void
  unmount(): void
}

/** null where this user cannot mount; says so loudly, because a test then proves less. */
export function mountSmallDisk(folder: string, size: string): SmallDisk | null {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    console.warn(`SKIPPED a test on a disk of ${size}: no tmpfs can be mounted here (it needs root on Linux).`)
    return null
  }
  return {
    remount: (options) => void execFileSync('mount', ['-o', `remount,${options}`, folder], { stdio: 'pipe' }),
    unmount: () => void execFileSync('umount', [folder], { stdio: 'pipe' }),
  }
}

/** What node:fs throws when the system refuses a write. */
export function writeError(code: 'ENOSPC' | 'EROFS' | 'EACCES'): Error {
  return Object.assign(new Error(`${code}: injected by the test, write`), { code })
}
