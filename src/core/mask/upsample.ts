/** Which low-resolution positions a line of window pixels falls between (bilinear, pixel centres, edges repeated). */
export interface LineSampling {
  /** low position of the cell that pixel p lies in: between centres cell[p] and cell[p] + 1 */
  readonly cell: Uint32Array
  /** weight of centre cell[p] + 1, 0..1 */
  readonly fraction: Float64Array
  /** first pixel of each cell; length cells + 1, the last entry is the number of pixels */
  readonly firstPixel: Uint32Array
}

/**
 * Sampling of `pixels` window pixels from `lowLength` low-resolution ones, of which the first `validLength` (may be
 * fractional) cover the window.
 */
export function lineSampling(pixels: number, lowLength: number, validLength: number): LineSampling {
  const cell = new Uint32Array(pixels)
  const fraction = new Float64Array(pixels)
  const firstPixel = new Uint32Array(lowLength + 1)
  const last = lowLength - 1
  let filled = 0
  for (let p = 0; p < pixels; p++) {
    const at = Math.min(last, Math.max(0, ((p + 0.5) * validLength) / pixels - 0.5))
    cell[p] = Math.floor(at)
    fraction[p] = at - cell[p]
    while (filled < cell[p]) firstPixel[++filled] = p
  }
  while (filled < lowLength) firstPixel[++filled] = pixels
  return { cell, fraction, firstPixel }
}

/** Logits of a part of the low-resolution frame; everything outside it is at most 0, and so is its rim unless the frame ends there. */
export interface LogitCrop {
  readonly logits: Float32Array
  /** where the crop begins in `logits` */
  readonly start: number
  /** half-open box in the low-resolution frame */
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

/**
 * Row-wise runs (start, length; linear window indices, split at row ends) where the bilinearly upsampled logits are
 * positive. A cell whose corners agree in sign needs no interpolation, since a mean of positives is positive.
 */
export function upsampledRuns(crop: LogitCrop, columns: LineSampling, rows: LineSampling): number[] {
  const runs: number[] = []
  const windowWidth = columns.cell.length
  const cropWidth = crop.x1 - crop.x0
  const line = new Float64Array(cropWidth)
  const end = rows.firstPixel[crop.y1]
  for (let y = rows.firstPixel[crop.y0]; y < end; y++) {
    const upper = crop.start + (rows.cell[y] - crop.y0) * cropWidth
    // past the crop's last row there is the frame's edge, where the fraction is 0, or nothing positive
    const lower = rows.cell[y] + 1 < crop.y1 ? upper + cropWidth : upper
    const fraction = rows.fraction[y]
    for (let c = 0; c < cropWidth; c++) {
      line[c] = crop.logits[upper + c] * (1 - fraction) + crop.logits[lower + c] * fraction
    }
    appendLineRuns(runs, line, { columns, x0: crop.x0, rowStart: y * windowWidth })
  }
  return runs
}

/** Runs of one window row, given the mix of low-resolution rows that it lies on: a run begins and ends where the sign changes. */
function appendLineRuns(
  runs: number[],
  line: Float64Array,
  { columns, x0, rowStart }: { columns: LineSampling; x0: number; rowStart: number },
): void {
  const { firstPixel } = columns
  const count = line.length
  for (let c = 0; c < count; ) {
    while (c < count && line[c] <= 0) c++
    if (c === count) break
    // the crop begins with a positive logit only where the frame does
    const start = c === 0 ? firstPixel[x0] : signChange(line, c - 1, columns, x0)
    while (c < count && line[c] > 0) c++
    const end = c === count ? firstPixel[x0 + count] : signChange(line, c - 1, columns, x0)
    if (end > start) runs.push(rowStart + start, end - start)
  }
}

/** The first pixel of cell c that has the sign of the cell's right end; the next cell's first pixel where none has. */
function signChange(line: Float64Array, c: number, { firstPixel, fraction }: LineSampling, x0: number): number {
  const end = firstPixel[x0 + c + 1]
  const towardsPositive = line[c + 1] > 0
  let pixel = firstPixel[x0 + c]
  while (pixel < end && line[c] * (1 - fraction[pixel]) + line[c + 1] * fraction[pixel] > 0 !== towardsPositive) pixel++
  return pixel
}
