import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import sharp, { type Metadata, type Sharp } from 'sharp'
import { StudioError } from '../../contract/errors.ts'
import { pngChunkTypes } from './import-png-chunks.ts'

/** A file's bytes and their SHA-256. */
export interface SourceBytes {
  readonly bytes: Buffer
  readonly sha256: string
}

/** Upright 8-bit sRGB pixels with three channels, as the bytes of an image file. */
export interface PanoramaImage {
  readonly bytes: Buffer
  readonly mediaType: 'image/jpeg' | 'image/png' | 'image/webp'
  readonly widthPx: number
  readonly heightPx: number
  /** the file's XMP packet */
  readonly xmp: string | null
  /** what was done to the pixels that a person should know; each names the file */
  readonly warnings: readonly string[]
}

export const MIN_WIDTH_PX = 64
export const MIN_HEIGHT_PX = 32
/** What sharp decodes at most: 16383 x 16383 */
export const MAX_PIXELS = 0x3fff * 0x3fff
const MAX_FILE_BYTES = 2 ** 31 - 1

const READ_BYTES = 4 << 20
/** Samples worked on in one turn of the event loop: a millisecond or two. */
const SAMPLES_PER_TURN = 1 << 20
const MEDIA_TYPES: Readonly<Record<string, PanoramaImage['mediaType'] | 'image/tiff'>> = {
  jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', tiff: 'image/tiff',
}

/**
 * Reads a whole file once; everything later is made from these bytes, so what is hashed is what is decoded. Throws
 * `bad-file` when it cannot be read, is empty or is too large.
 */
export async function readSource(path: Buffer, display: string, signal?: AbortSignal): Promise<SourceBytes> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size === 0) throw new StudioError('bad-file', `${display} is empty (0 bytes). Copy it again from where it came from.`)
      if (size > MAX_FILE_BYTES) {
        throw new StudioError('bad-file', `${display} has ${(size / 1e9).toFixed(1)} GB; at most 2.1 GB can be read. Save it as jpg, or smaller.`)
      }
      const bytes = Buffer.allocUnsafe(size)
      const hash = createHash('sha256')
      let filled = 0
      while (filled < size) {
        signal?.throwIfAborted()
        const { bytesRead } = await handle.read(bytes, filled, Math.min(READ_BYTES, size - filled))
        if (bytesRead === 0) throw new StudioError('bad-file', `${display} became shorter while it was read. Wait until it is written, then import again.`)
        hash.update(bytes.subarray(filled, filled + bytesRead))
        filled += bytesRead
      }
      return { bytes, sha256: hash.digest('hex') }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof StudioError || signal?.aborted) throw cause
    throw new StudioError('bad-file', `${display} cannot be read. Check that it exists and that you may read it.`, { cause })
  }
}

/**
 * Decodes the whole file (so damage anywhere in it is found) and gives upright 8-bit sRGB pixels: EXIF orientation is
 * applied, CMYK, grey and other colour spaces are converted, 16 bits become 8 by rounding v / 257, transparency is laid
 * on black, of an animation the first frame is taken. A jpg, png or webp that is like that already keeps its bytes;
 * everything else becomes PNG, which loses nothing. Throws `bad-file` naming the file, the reason and the remedy.
 */
export async function normaliseImage(bytes: Buffer, display: string): Promise<PanoramaImage> {
  const metadata = await readMetadata(bytes, display)
  checkSize(metadata, display)
  checkSamples(metadata, display)
  const xmp = metadata.xmp ? metadata.xmp.toString('utf8') : null
  const pngChunks = metadata.format === 'png' ? pngChunkTypes(bytes) : new Set<string>()
  const isAnimated = (metadata.pages ?? 1) > 1 || pngChunks.has('acTL')

  const warnings: string[] = []
  if (isAnimated) {
    const frames = metadata.pages ? `${metadata.pages} frames or pages` : 'several frames'
    warnings.push(`${display} has ${frames}; only the first was imported. Save the others as files of their own if they are panoramas.`)
  }
  const mediaType = MEDIA_TYPES[metadata.format ?? '']
  const keepsBytes = mediaType !== 'image/tiff' && !isAnimated && isPlain(metadata, pngChunks)
  try {
    if (keepsBytes) {
      const { info } = await upright(bytes).raw().toBuffer({ resolveWithObject: true })
      return { bytes, mediaType, widthPx: info.width, heightPx: info.height, xmp, warnings }
    }
    if (metadata.hasAlpha && (await isTransparent(bytes))) {
      warnings.push(`${display} is transparent in places; black was put behind it. Flatten it yourself if you want another colour.`)
    }
    const { data, info } = metadata.depth === 'ushort' ? await eightBit(bytes) : await encode(flat(bytes))
    return { bytes: data, mediaType: 'image/png', widthPx: info.width, heightPx: info.height, xmp, warnings }
  } catch (cause) {
    throw decodeError(display, bytes, cause)
  }
}

async function readMetadata(bytes: Buffer, display: string): Promise<Metadata> {
  const metadata = await sharp(bytes, { limitInputPixels: false }).metadata().catch((cause: unknown) => {
    throw decodeError(display, bytes, cause)
  })
  if (!Object.hasOwn(MEDIA_TYPES, metadata.format ?? '')) {
    throw new StudioError('bad-file', `${display} is a ${metadata.format} file, whatever its name says. Convert it to jpg, png, webp or tiff, or leave it out.`)
  }
  return metadata
}

function checkSize(metadata: Metadata, display: string): void {
  const { width, height } = metadata.autoOrient
  if (width < MIN_WIDTH_PX || height < MIN_HEIGHT_PX) {
    throw new StudioError(
      'bad-file',
      `${display} has ${width} x ${height} pixels; a panorama has at least ${MIN_WIDTH_PX} x ${MIN_HEIGHT_PX}. Leave it out, or use the full-size image.`,
    )
  }
  if (width * height > MAX_PIXELS) {
    throw new StudioError(
      'bad-file',
      `${display} has ${width} x ${height} pixels (${megapixels(width * height)}); at most ${megapixels(MAX_PIXELS)} can be read. ` +
        'Scale it down, for example to 16384 x 8192.',
    )
  }
}

function checkSamples(metadata: Metadata, display: string): void {
  if (metadata.depth === 'uchar' || metadata.depth === 'ushort') return
  throw new StudioError(
    'bad-file',
    `${display} has samples of type ${metadata.depth} (high dynamic range or measurements). Tone-map it to 8 or 16 bits per channel first.`,
  )
}

/** True when the file's own bytes show the pixels that are wanted, to this program and to every browser. */
function isPlain(metadata: Metadata, pngChunks: ReadonlySet<string>): boolean {
  const isUpright = (metadata.orientation ?? 1) === 1
  const isSrgb = metadata.icc ? describesSrgb(metadata.icc) : pngChunks.has('sRGB') || !(['gAMA', 'cHRM', 'cICP'].some((type) => pngChunks.has(type)))
  return isUpright && isSrgb && metadata.space === 'srgb' && metadata.channels === 3 && metadata.depth === 'uchar'
}

/** Whether a profile calls itself sRGB: its description is ASCII in version 2 and UTF-16 in version 4. */
function describesSrgb(icc: Buffer): boolean {
  return icc.includes('sRGB', 0, 'latin1') || icc.includes(Buffer.from('sRGB', 'utf16le').swap16())
}

function upright(bytes: Buffer): Sharp {
  return sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS }).autoOrient()
}

function flat(bytes: Buffer): Sharp {
  return upright(bytes).flatten({ background: '#000000' }).toColourspace('srgb')
}

async function encode(image: Sharp): Promise<{ data: Buffer; info: { width: number; height: number } }> {
  return image.png({ compressionLevel: 3 }).toBuffer({ resolveWithObject: true })
}

/** 16 bits to 8 by rounding v / 257; sharp itself would cut the low byte off. */
async function eightBit(bytes: Buffer): Promise<{ data: Buffer; info: { width: number; height: number } }> {
  const { data, info } = await upright(bytes)
    .flatten({ background: '#000000' })
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
  // not zeroed first: a hundred megabytes of zeros would hold up the event loop
  const rounded = Buffer.allocUnsafe(samples.length)
  await inTurns(samples.length, (from, to) => {
    for (let i = from; i < to; i++) rounded[i] = (samples[i] + 128) / 257
  })
  return encode(sharp(rounded, { raw: { width: info.width, height: info.height, channels: 3 } }))
}

/** Whether any pixel is less than opaque. */
async function isTransparent(bytes: Buffer): Promise<boolean> {
  const alpha = await upright(bytes).extractChannel('alpha').raw().toBuffer()
  let transparent = false
  await inTurns(alpha.length, (from, to) => {
    for (let i = from; i < to && !transparent; i++) transparent = alpha[i] !== 255
  })
  return transparent
}

/** Walks 0..count in slices and gives the event loop a turn between them. */
async function inTurns(count: number, work: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < count; from += SAMPLES_PER_TURN) {
    if (from > 0) await nextTurn()
    work(from, Math.min(count, from + SAMPLES_PER_TURN))
  }
}

function decodeError(display: string, bytes: Buffer, cause: unknown): StudioError {
  if (cause instanceof StudioError) return cause
  const [detail] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const message = beginsAsImage(bytes)
    ? `${display} is damaged or cut short (${detail}). Copy it again from where it came from, or leave it out.`
    : `${display} is not a jpg, png, webp or tiff image, whatever its name says. Convert it, or leave it out.`
  return new StudioError('bad-file', message, { cause })
}

/** Whether the first bytes are those of a jpg, png, webp or tiff (classic or big) file. */
function beginsAsImage(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 12)
  return /^(?:\u00FF\u00D8\u00FF|\u0089PNG|RIFF[^]{4}WEBP|II[*+]\0|MM\0[*+])/.test(start)
}

function megapixels(pixels: number): string {
  return `${Math.floor(pixels / 1e6)} megapixels`
}
