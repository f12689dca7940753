import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, PanoramaResult } from '../../contract/schemas.ts'
import type { DistillationRun, Estimate } from '../../contract/training-schemas.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import { seededRandom, shuffle } from '../../core/goodsam/distillation/random.ts'
import type { DistillationPanorama } from '../store/distillation-panoramas.ts'
import { panoramasWithTruth } from '../store/panoramas.ts'
import type { Store } from '../store/open-store.ts'
import { allResults } from './run-results.ts'

export interface DistillationSet {
  /** trained on first, then held out; each in natural order of the names */
  readonly panoramas: readonly DistillationPanorama[]
  readonly heldOut: number
  readonly leftOut: Estimate['leftOut']
  readonly scoreKind: DistillationRun['scoreKind']
}

/**
 * Which panoramas of a labelling run teach a student, and which score it. Rejected ones and those without labels are left
 * out. Held out is a share of the rest, drawn by the seed, from those with truth where these are enough.
 * Throws `bad-input` when none is left to train on.
 */
export async function choosePanoramas(
  store: Store, run: LabellingRun, config: Pick<DistillationConfig, 'heldOut' | 'seed' | 'acceptedWeight'>,
): Promise<DistillationSet> {
  const results = await allResults(store, run)
  const usable = results.filter(isUsable)
  const leftOut = countReasons(results)
  if (usable.length === 0) throw nothingUsable(run, leftOut)
  const heldOutCount = Math.round(usable.length * config.heldOut)
  if (heldOutCount >= usable.length) {
    throw new StudioError(
      'bad-input',
      `"${run.name}" has ${usable.length} usable panorama${usable.length === 1 ? '' : 's'}; holding out ${percent(config.heldOut)} of them leaves none to train on. Hold out a smaller share, or 0.`,
    )
  }
  const withTruth = panoramasWithTruth(store.read, run.datasetId)
  const known = usable.filter(({ panoramaId }) => withTruth.has(panoramaId))
  const byTruth = heldOutCount > 0 && known.length >= heldOutCount
  const heldOut = drawn(byTruth ? known : usable, heldOutCount, config.seed)
  const entry = ({ panoramaId, review }: PanoramaResult): DistillationPanorama => ({
    panoramaId, heldOut: heldOut.has(panoramaId), weight: review === 'accepted' ? config.acceptedWeight : 1,
  })
  return {
    panoramas: usable.map(entry).toSorted((a, b) => Number(a.heldOut) - Number(b.heldOut)),
    heldOut: heldOutCount,
    leftOut,
    scoreKind: heldOutCount === 0 ? null : byTruth ? 'miou' : 'agreement',
  }
}

function isUsable({ status, review }: PanoramaResult): boolean {
  return status === 'done' && review !== 'rejected'
}

const REASONS = { rejected: 'rejected in the review', failed: 'could not be labelled', pending: 'not labelled yet' } as const

function countReasons(results: readonly PanoramaResult[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const result of results) {
    if (isUsable(result)) continue
    const reason = result.status === 'done' ? REASONS.rejected : REASONS[result.status]
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].map(([reason, count]) => ({ reason, count }))
}

function nothingUsable(run: LabellingRun, leftOut: readonly { readonly reason: string; readonly count: number }[]): StudioError {
  const why = leftOut.map(({ reason, count }) => `${count} ${reason}`).join(', ')
  const remedy = leftOut.some(({ reason }) => reason === REASONS.rejected)
    ? 'Take reviews back, or label the dataset again.'
    : 'Let its labelling job finish, or retry the panoramas that failed.'
  return new StudioError('bad-input', `The labelling run "${run.name}" has no labels to learn from (${why}). ${remedy}`)
}

/** So many of the panoramas, each set equally likely; the same seed draws the same. */
function drawn(from: readonly PanoramaResult[], count: number, seed: number): ReadonlySet<string> {
  const order = Int32Array.from(from.keys())
  shuffle(order, seededRandom(seed, HELD_OUT_STREAM))
  return new Set(Array.from(order.subarray(0, count), (index) => from[index].panoramaId))
}

/** A stream of random numbers that no sample is drawn from. */
const HELD_OUT_STREAM = 0x68656c64

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
