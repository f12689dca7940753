/** Names of files in the Cityscapes layout and its relatives (DensePASS, WildPASS). Paths use `/`. */

export const GT_FINE_KINDS = ['labelTrainIds', 'labelIds', 'color', 'instanceIds', 'confidence', 'provenance'] as const
export type GtFineKind = (typeof GT_FINE_KINDS)[number]

/** The panorama's name in an image file's name: `X_leftImg8bit.png` -> X, DensePASS `100_.png` -> 100, else without extension. */
export function panoramaName(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[^.]*$/, '')
  const name = stem.replace(/_leftImg8bit$/i, '').replace(/_$/, '')
  return name === '' ? stem : name
}

/** `gtFine/<split>/<name>/<name>_gtFine_<kind>.png` */
export function gtFinePath(split: string, name: string, kind: GtFineKind): string {
  return `gtFine/${split}/${name}/${name}_gtFine_${kind}.png`
}

const LABEL_FILE = new RegExp(`^(?<name>.+?)(?:_gtFine)?_(?<kind>${GT_FINE_KINDS.join('|')})\\.png$`, 'i')

/**
 * The panorama and kind of a label file's name: `X_gtFine_labelTrainIds.png`, DensePASS `X_labelTrainIds.png`;
 * null where it is neither.
 */
export function parseLabelFileName(fileName: string): { name: string; kind: GtFineKind } | null {
  const groups = LABEL_FILE.exec(fileName)?.groups
  const kind = GT_FINE_KINDS.find((known) => known.toLowerCase() === groups?.kind.toLowerCase())
  return groups && kind ? { name: groups.name, kind } : null
}
