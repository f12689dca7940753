import { IGNORE_ID, type LabelSet } from './label-set.ts'

/** A table of 256 target ids, one per 8-bit source id. */
export type RemapTable = Uint8Array

/** From the dataset's labelIds to trainIds; every other id becomes 255. */
export function labelIdsToTrainIds(labelSet: LabelSet): RemapTable {
  const table = new Uint8Array(256).fill(IGNORE_ID)
  for (const { trainId, labelId } of labelSet.classes) table[labelId] = trainId
  return table
}

/** From trainIds to the dataset's labelIds; everything without one becomes 0 ("unlabeled"). */
export function trainIdsToLabelIds(labelSet: LabelSet): RemapTable {
  const table = new Uint8Array(256)
  for (const { trainId, labelId } of labelSet.classes) table[trainId] = labelId
  return table
}

/** Keeps the ids of the label set's classes; everything else becomes 255. */
export function knownTrainIds(labelSet: LabelSet): RemapTable {
  const table = new Uint8Array(256).fill(IGNORE_ID)
  for (const { trainId } of labelSet.classes) table[trainId] = trainId
  return table
}

/** DensePASS's 13-class variant of the 19 Cityscapes classes: person and rider 11; vehicles and bicycles 12; train 255. */
export function thirteenClasses(): RemapTable {
  const table = new Uint8Array(256).fill(IGNORE_ID)
  for (let id = 0; id <= 11; id++) table[id] = id
  table[12] = 11
  for (const vehicle of [13, 14, 15, 17, 18]) table[vehicle] = 12
  return table
}

/** A label map through a table. */
export function remapLabels(labels: Uint8Array, table: RemapTable, out: Uint8Array = new Uint8Array(labels.length)): Uint8Array {
  for (let i = 0; i < labels.length; i++) out[i] = table[labels[i]]
  return out
}
