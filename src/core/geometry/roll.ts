import type { Raster, RasterData, RgbImage } from '../raster/raster.ts'

/** Turns a cyclic raster: column x of the result is column x + columns (modulo the width) of the input. */
export function rollColumns<D extends RasterData>(raster: Raster<D>, columns: number): Raster<D> {
  const data = rollSamples(raster.data, raster.width, { height: raster.height, columns, channels: 1 })
  return { width: raster.width, height: raster.height, data }
}

/** `rollColumns` for an RGB image. */
export function rollRgbColumns(image: RgbImage, columns: number): RgbImage {
  const data = rollSamples(image.data, image.width, { height: image.height, columns, channels: 3 })
  return { width: image.width, height: image.height, data }
}

function rollSamples<D extends RasterData>(
  data: D,
  width: number,
  shape: { height: number; columns: number; channels: number },
): D {
  const rolled = data.slice() as D
  const shift = ((shape.columns % width) + width) % width
  const row = width * shape.channels
  const cut = shift * shape.channels
  for (let start = 0; start < row * shape.height; start += row) {
    rolled.set(data.subarray(start + cut, start + row), start)
    rolled.set(data.subarray(start, start + cut), start + row - cut)
  }
  return rolled
}
