/** One class of a label set. `trainId` is the index a network predicts; `labelId` the id the dataset's own files use. */
export interface LabelClass {
  readonly trainId: number
  readonly name: string
  readonly labelId: number
  /** sRGB, 0..255 */
  readonly color: readonly [red: number, green: number, blue: number]
}

export interface LabelSet {
  readonly id: string
  readonly name: string
  readonly classes: readonly LabelClass[]
}

/** The trainId of a pixel that has no label: left out of every loss and every metric. */
export const IGNORE_ID = 255

/** How many classes a network for these labels tells apart: trainIds count from 0. */
export function classCount({ classes }: LabelSet): number {
  return 1 + Math.max(...classes.map(({ trainId }) => trainId))
}
