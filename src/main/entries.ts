import { basename, dirname, join, resolve } from 'node:path'

/** Files that run in a process or thread of their own: where they are from source (tests) and in the build. */
const SOURCES = {
  'engine-process': 'engine-process.ts',
  'ort-thread': 'engine/ort-thread.ts',
  'training-thread': 'engine/training-thread.ts',
  'raster-worker': 'workers/raster-worker.ts',
  'label-worker': 'workers/label-worker.ts',
  'training-worker': 'workers/training-worker.ts',
  'synth-worker': 'workers/synth-worker.ts',
} as const

const fromSource = import.meta.filename.endsWith('.ts')

/** out/main, also when this module was put into a chunk. */
function builtMain(): string {
  const folder = import.meta.dirname
  return basename(folder) === 'chunks' ? dirname(folder) : folder
}

/** Absolute path of an entry, as it must be given to fork() or new Worker(). */
export function entryFile(name: keyof typeof SOURCES): string {
  return fromSource ? resolve(import.meta.dirname, SOURCES[name]) : join(builtMain(), `${name}.js`)
}

/** The out/ folder with the built window and preload script. */
export function builtFolder(): string {
  return fromSource ? resolve(import.meta.dirname, '../../out') : dirname(builtMain())
}

/** resources/, beside src/ and out/: what comes with the program and is not code. */
export function resourcesFolder(): string {
  return resolve(builtFolder(), '../resources')
}
