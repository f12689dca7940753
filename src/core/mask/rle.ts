/**
 * Run-length encoding, ours and COCO's.
 * Ours (MaskTable): row-major (start, length) pairs of the set pixels. COCO's: column-major run lengths that alternate
 * zeros, ones, zeros, ..., the first run being zeros (perhaps none); `counts` is their list, or pycocotools' string.
 */
export interface CocoRle {
  /** height, width: COCO's order */
  readonly size: readonly [height: number, width: number]
  readonly counts: string | readonly number[]
}

/** Runs (start, length) of the non-zero pixels of a row-major bitmap. */
export function bitmapToRuns(bitmap: Uint8Array): Uint32Array {
  const runs: number[] = []
  for (let i = 0; i < bitmap.length; ) {
    while (i < bitmap.length && bitmap[i] === 0) i++
    if (i === bitmap.length) break
    const start = i
    while (i < bitmap.length && bitmap[i] !== 0) i++
    runs.push(start, i - start)
  }
  return Uint32Array.from(runs)
}

/** The bitmap (0 or 1, length `pixels`) of runs. */
export function runsToBitmap(runs: Uint32Array, pixels: number): Uint8Array {
  const bitmap = new Uint8Array(pixels)
  for (let k = 0; k < runs.length; k += 2) bitmap.fill(1, runs[k], runs[k] + runs[k + 1])
  return bitmap
}

/** Column-major COCO counts of row-major runs. */
export function runsToCocoCounts(runs: Uint32Array, width: number, height: number): Uint32Array {
  const transposed = transposedBitmap(runs, width, height)
  const counts: number[] = []
  let value = 0
  let start = 0
  for (let i = 0; i < transposed.length; i++) {
    if (transposed[i] === value) continue
    counts.push(i - start)
    start = i
    value = transposed[i]
  }
  counts.push(transposed.length - start)
  return Uint32Array.from(counts)
}

/** Row-major runs of column-major COCO counts. Throws RangeError where they do not sum to width * height. */
export function cocoCountsToRuns(counts: ArrayLike<number>, width: number, height: number): Uint32Array {
  const ones: number[] = []
  let at = 0
  for (let k = 0; k < counts.length; k++) {
    if (k % 2 === 1 && counts[k] > 0) ones.push(at, counts[k])
    at += counts[k]
  }
  if (at !== width * height) throw new RangeError(`COCO counts cover ${at} pixels, the mask has ${width} x ${height}.`)
  return bitmapToRuns(transposedBitmap(Uint32Array.from(ones), height, width))
}

/** The mask's bitmap in the other pixel order. `width`: pixels per line of the order that `runs` are in. */
function transposedBitmap(runs: Uint32Array, width: number, height: number): Uint8Array {
  const transposed = new Uint8Array(width * height)
  for (let k = 0; k < runs.length; k += 2) {
    const end = runs[k] + runs[k + 1]
    let x = runs[k] % width
    let y = (runs[k] - x) / width
    for (let i = runs[k]; i < end; i++) {
      transposed[x * height + y] = 1
      if (++x === width) {
        x = 0
        y++
      }
    }
  }
  return transposed
}

/*
 * pycocotools writes each count (from the fourth on, its difference to the count two before) as a little-endian
 * sequence of 5-bit groups in two's complement: bit 5 says that more follow, and 48 is added to make it a character.
 */
const GROUP_BITS = 5
const GROUP_MASK = 0x1f
const GROUP_SIGN = 0x10
const GROUP_MORE = 0x20
const FIRST_CHARACTER = 48

/** pycocotools' compressed string of counts, each below 2^31. */
export function compressCounts(counts: ArrayLike<number>): string {
  const characters: number[] = []
  for (let k = 0; k < counts.length; k++) {
    let rest = k > 2 ? counts[k] - counts[k - 2] : counts[k]
    for (let more = true; more; ) {
      const group = rest & GROUP_MASK
      rest >>= GROUP_BITS
      more = (group & GROUP_SIGN) === 0 ? rest !== 0 : rest !== -1
      characters.push(FIRST_CHARACTER + (more ? group | GROUP_MORE : group))
    }
  }
  let text = ''
  const CHUNK = 8192
  for (let i = 0; i < characters.length; i += CHUNK) text += String.fromCharCode(...characters.slice(i, i + CHUNK))
  return text
}

/** Counts of pycocotools' compressed string. Throws RangeError for text that is none. */
export function decompressCounts(text: string): Uint32Array {
  const counts: number[] = []
  for (let i = 0; i < text.length; ) {
    let value = 0
    let shift = 0
    for (let more = true; more; shift += GROUP_BITS) {
      const group = text.charCodeAt(i++) - FIRST_CHARACTER
      if (!(group >= 0 && group < 2 * GROUP_MORE) || shift > 30) {
        throw new RangeError(`Not a compressed COCO mask: unexpected character or end at position ${i - 1}.`)
      }
      value |= (group & GROUP_MASK) << shift
      more = (group & GROUP_MORE) !== 0
      if (!more && (group & GROUP_SIGN) !== 0 && shift + GROUP_BITS < 32) value |= -1 << (shift + GROUP_BITS)
    }
    if (counts.length > 2) value += counts[counts.length - 2]
    if (value < 0) throw new RangeError('Not a compressed COCO mask: a run of negative length.')
    counts.push(value)
  }
  return Uint32Array.from(counts)
}

/** A mask in COCO's form with compressed counts, exactly as `pycocotools.mask.encode` writes it. */
export function encodeCocoRle(runs: Uint32Array, width: number, height: number): { size: [number, number]; counts: string } {
  return { size: [height, width], counts: compressCounts(runsToCocoCounts(runs, width, height)) }
}

/** Row-major runs of a COCO mask, compressed or not. */
export function decodeCocoRle(rle: CocoRle): Uint32Array {
  const [height, width] = rle.size
  return cocoCountsToRuns(typeof rle.counts === 'string' ? decompressCounts(rle.counts) : rle.counts, width, height)
}
