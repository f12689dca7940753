import { InvalidArgumentError, Option, type Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import type { Style } from '../../core/synth/types.ts'
import { drawStreetFolder, usualFov, type StreetFolder, type StreetFolderRequest } from '../pipeline/generate-folder.ts'
import { MIN_HEIGHT_PX, MIN_WIDTH_PX } from '../pipeline/import-image.ts'
import { createSynthPool } from '../workers/synth-pool.ts'
import { degreesUpTo, integerIn } from './arguments.ts'
import { duration, printResult, type OutputOptions } from './output.ts'
import { createProgressLine } from './progress-line.ts'

interface SynthOptions extends OutputOptions {
  readonly count: number
  readonly seed: number
  readonly view: StreetFolderRequest['view']
  readonly style: Style
  readonly size: { readonly width: number; readonly height: number }
  readonly fov?: number
  readonly split: StreetFolderRequest['split']
  readonly depth?: boolean
}

interface Drawn extends StreetFolder, StreetFolderRequest {
  readonly seconds: number
}

const MOST_IMAGES = 1_000_000
const LARGEST = { width: 16384, height: 8192 } as const

export function addSynthCommand(program: Command): void {
  program
    .command('synth <folder>')
    .description('draw generated streets with their exact truth in Cityscapes layout; the same command again goes on where it was stopped')
    .requiredOption('--count <n>', 'images the folder is to hold', integerIn(1, MOST_IMAGES))
    .option('--seed <n>', 'decides every street; the same seed gives the same pixels', integerIn(0, 2 ** 32 - 1), 1)
    .addOption(new Option('--view <view>', 'full turns, or what a street camera sees').choices(['panorama', 'pinhole']).default('panorama'))
    .addOption(new Option('--style <style>', 'source: the world that teachers are trained in; target: the one that panoramas are taken in').choices(['source', 'target']).default('target'))
    .option('--size <WxH>', 'pixels', imageSize, { width: 1024, height: 512 })
    .option('--fov <degrees>', 'vertical field of view of a panorama (default: pixels as high as wide), horizontal one of a street camera (default: 90)', degreesUpTo(180))
    .addOption(new Option('--split <split>', 'folder in the layout').choices(['train', 'val', 'test']).default('train'))
    .option('--depth', 'with distances, as 16-bit PNG in centimetres')
    .option('--json', 'print one JSON document: {folder, images, drawn, view, style, seed, width, height, fovDeg, split, seconds}')
    .action(async (folder: string, options: SynthOptions) => printResult(await synth(folder, options), options, describe))
}

async function synth(folder: string, { count, seed, view, style, size, fov, split, depth = false }: SynthOptions): Promise<Drawn> {
  const request: StreetFolderRequest = { view, style, seed, ...size, fovDeg: fov ?? usualFov({ view, ...size }), split }
  const pool = createSynthPool()
  const line = createProgressLine()
  const ending = new AbortController()
  const stop = (): void => ending.abort(new StudioError('cancelled', 'Stopped: every image that is there is whole. Run the same command again to go on.'))
  process.on('SIGINT', stop)
  const began = performance.now()
  try {
    const drawn = await drawStreetFolder(folder, request, {
      pool, count, depth, signal: ending.signal,
      onProgress: (now) => line.count(now.done, now.total, timeLeft(now, performance.now() - began)),
    })
    return { ...drawn, ...request, seconds: (performance.now() - began) / 1000 }
  } finally {
    process.off('SIGINT', stop)
    line.end()
    await pool.close()
  }
}

function timeLeft({ done, total, drawn }: { readonly done: number; readonly total: number; readonly drawn: number }, milliseconds: number): string {
  return drawn === 0 || done === total ? '' : `, ${duration(((total - done) * milliseconds) / drawn / 1000)} left`
}

/** Width x height, as in image viewers. */
export function imageSize(text: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text)?.map(Number) ?? []
  if (width === undefined || height === undefined) throw new InvalidArgumentError('Write WIDTHxHEIGHT, for example 1024x512.')
  if (width < MIN_WIDTH_PX || height < MIN_HEIGHT_PX || width > LARGEST.width || height > LARGEST.height) {
    throw new InvalidArgumentError(`From ${MIN_WIDTH_PX}x${MIN_HEIGHT_PX} to ${LARGEST.width}x${LARGEST.height}.`)
  }
  return { width, height }
}

function describe({ folder, images, drawn, width, height, view, seed, seconds }: Drawn): string {
  const each = drawn === 0 ? '' : ` (${(seconds / drawn).toFixed(2)} s each)`
  return `${folder}: ${images} ${view === 'panorama' ? 'panoramas' : 'street-camera images'} of ${width}x${height}, seed ${seed}; ${drawn} drawn in ${duration(seconds)}${each}.\n` +
    `Truth: ${folder}/gtFine`
}
