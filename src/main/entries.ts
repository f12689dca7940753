import { basename, dirname, join, resolve } from 'node:path'

/** Files that run in a process or thread of their own: where they are from source (tests) and in the build. */
const SOURCES = {
  'engine-process': 'engine-process.ts',
  'ort-thread': 'engine/ort-thread.ts',
  'raster-worker': 'workers/raster-worker.ts',
} as const

/** Absolute path of an entry, as it must be given to fork() or new Worker(). */
export function entryFile(name: keyof typeof SOURCES): string {
  const folder = import.meta.dirname
  if (import.meta.filename.endsWith('.ts')) return resolve(folder, SOURCES[name])
  return join(basename(folder) === 'chunks' ? dirname(folder) : folder, `${name}.js`)
}
