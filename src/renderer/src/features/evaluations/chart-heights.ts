/** Heights in pixels, known before the charts are loaded. */
export const SCATTER_HEIGHT = 340

export function latitudeChartHeight(bands: number): number {
  return 36 + 30 * bands
}
