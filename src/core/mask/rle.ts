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
  void [runs, width, height]
  throw new Error('not yet')
}

/** Row-major runs of column-major COCO counts. Throws RangeError where they do not sum to width * height. */
export function cocoCountsToRuns(counts: ArrayLike<number>, width: number, height: number): Uint32Array {
  void [counts, width, height]
  throw new Error('not yet')
}

/** pycocotools' compressed string of counts. */
export function compressCounts(counts: ArrayLike<number>): string {
  void counts
  throw new Error('not yet')
}

/** Counts of pycocotools' compressed string. Throws RangeError for text that is none. */
export function decompressCounts(text: string): Uint32Array {
  void text
  throw new Error('not yet')
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
