import { StudioError } from '../../contract/errors.ts'
import type { Evaluation, Panorama, RefusedFile } from '../../contract/schemas.ts'
import type { LabelSet } from '../../core/labels/label-set.ts'
import { summariseTotals, type ScoreTotals } from '../../core/metrics/panorama-scores.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Problem, TruthFile } from '../workers/label-tasks.ts'
import { readTruthBytes, type TruthIndex } from './import-truth.ts'

/** The truth of a panorama: from a folder, or (`index` null) what was imported with the dataset. A problem names the remedy. */
export function truthOf(
  artifacts: ArtifactStore, panorama: Panorama, index: TruthIndex | null,
): Promise<TruthFile | { readonly artifact: Uint8Array } | Problem> {
  return index === null ? importedTruth(artifacts, panorama) : truthFromFolder(index, panorama)
}

async function importedTruth(artifacts: ArtifactStore, { name, truth }: Panorama): Promise<{ artifact: Uint8Array } | Problem> {
  if (truth !== null) return { artifact: await artifacts.read(truth) }
  return { problem: `${name} was imported without truth. Import its folder again with the labels folder, or name a truth folder here.` }
}

async function truthFromFolder(index: TruthIndex, { name, split }: Panorama): Promise<TruthFile | Problem> {
  const found = index.find([name], [split])
  if (found === 'ambiguous') return { problem: `${name} has several label maps of its name in ${index.folder}. Keep one, or put them in folders named after the splits.` }
  if (found === null) {
    return { problem: `${name} has no label map in ${index.folder} (${index.count} found). Name it ${name}_gtFine_labelTrainIds.png or ${name}_gtFine_labelIds.png.` }
  }
  try {
    return await readTruthBytes(found)
  } catch (error) {
    if (error instanceof StudioError && error.code === 'bad-file') return { problem: error.message }
    throw error
  }
}

/** Throws `bad-input` when nothing can be scored; `what` is named in the message. */
export function evaluationOf(
  totals: ScoreTotals, { what, labelSet, skipped }: { readonly what: string; readonly labelSet: LabelSet; readonly skipped: readonly RefusedFile[] },
): Evaluation {
  const scores = summariseTotals(totals, labelSet)
  if (scores === null) {
    const reason = totals.panoramas > 0 ? 'The truth holds no labelled pixel: every pixel is 255.' : skipped[0]?.message ?? 'It has no panoramas.'
    throw new StudioError('bad-input', `Nothing of ${what} can be scored. ${reason}`)
  }
  return { ...scores, skipped: [...skipped] }
}
