/** Names of files in the Cityscapes layout and its relatives (DensePASS, WildPASS). Paths use `/`. */

export type GtFineKind = 'labelTrainIds' | 'labelIds' | 'color' | 'instanceIds' | 'confidence' | 'provenance'

/** The panorama's name in an image file's name: `X_leftImg8bit.png` -> X, DensePASS `100_.png` -> 100, else without extension. */
export function panoramaName(fileName: string): string {
  void fileName
  throw new Error('not yet')
}

/** `gtFine/<split>/<name>/<name>_gtFine_<kind>.png` */
export function gtFinePath(split: string, name: string, kind: GtFineKind): string {
  return `gtFine/${split}/${name}/${name}_gtFine_${kind}.png`
}

/**
 * The panorama and kind of a label file's name: `X_gtFine_labelTrainIds.png`, DensePASS `X_labelTrainIds.png`;
 * null where it is neither.
 */
export function parseLabelFileName(fileName: string): { name: string; kind: GtFineKind } | null {
  void fileName
  throw new Error('not yet')
}
