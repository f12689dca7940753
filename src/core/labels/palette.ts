import type { LabelSet } from './label-set.ts'

export type Color = readonly [red: number, green: number, blue: number]

/** 256 colours by trainId; ids without a class, 255 among them, are black. */
export function labelPalette(labelSet: LabelSet): readonly Color[] {
  const palette: Color[] = Array.from({ length: 256 }, () => [0, 0, 0] as const)
  for (const { trainId, color } of labelSet.classes) palette[trainId] = color
  return palette
}
