import type { ReactNode } from 'react'
import { decodeFusion } from '../../../../core/formats/bundles.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useCall } from '../../app/calls.ts'
import { formatCount, formatShare } from '../../app/format.ts'
import { Thumbnail } from '../../components/thumbnail.tsx'
import { paintLabels } from '../evaluations/label-pictures.ts'
import { MapCanvas } from '../evaluations/map-canvas.tsx'
import styles from './tour-pictures.module.css'

/** Of the many that may be there. */
const MOST_DRAWN = 12
/** in device pixels */
const WIDTH_PX = 640

/** Panoramas as they are drawn. */
export function DrawnStreets({ datasetId }: { readonly datasetId: string }): ReactNode {
  const drawn = useCall('panoramas.list', { dataset: datasetId, offset: 0, limit: MOST_DRAWN }, { keepPrevious: true }).data?.panoramas ?? []
  if (drawn.length === 0) return null
  return (
    <div className={styles.strip} role="group" aria-label="Drawn streets">
      {drawn.map(({ id, image, name, width, height }) => <Thumbnail key={id} image={image} alt={name} aspect={width / height} />)}
    </div>
  )
}

/** The first panoramas beside their fused labels, as they are labelled. */
export function FirstLabels({ runId, most }: { readonly runId: string; readonly most: number }): ReactNode {
  const results = useCall('runs.results', { run: runId, sort: 'name', offset: 0, limit: most }, { keepPrevious: true }).data?.results ?? []
  const run = useCall('runs.get', { run: runId }).data
  const images = useCall('panoramas.list', { dataset: run?.datasetId ?? '', offset: 0, limit: most }, { enabled: run !== undefined, keepPrevious: true }).data?.panoramas ?? []
  const labelSet = useLabelSet()
  const shown = results.filter(({ artifacts }) => artifacts !== null)
  if (shown.length === 0 || labelSet === null) return null
  return (
    <div className={styles.pairs} role="group" aria-label="First labelled streets">
      {shown.map(({ panoramaId, name, artifacts, stats }) => {
        const image = images.find(({ id }) => id === panoramaId)
        return (
          <div key={panoramaId} className={styles.pair}>
            {image !== undefined && <Thumbnail image={image.image} alt={name} aspect={image.width / image.height} />}
            {artifacts !== null && (
              <MapCanvas
                label={`Fused label of ${name}`} maps={[artifacts.fusion]} decode={(bytes) => decodeFusion(bytes).label}
                paint={([map]) => paintLabels(map, labelSet, WIDTH_PX)}
              />
            )}
            {stats !== null && <div className={styles.caption}>{formatCount(stats.masks)} masks, mean confidence {formatShare(stats.meanConfidence)}, {formatShare(stats.disagreement)} corrected against the TA</div>}
          </div>
        )
      })}
    </div>
  )
}

/** What the student makes of one panorama while it learns. */
export function LearningStudent({ distillationId }: { readonly distillationId: string }): ReactNode {
  const samples = useCall('distillations.samples', { distillation: distillationId }, { keepPrevious: true }).data ?? []
  const newest = samples.reduce((most, { step }) => Math.max(most, step), -1)
  const sample = samples.find(({ step }) => step === newest)
  if (sample === undefined) return null
  const { name, step, agreement } = sample
  return (
    <div className={styles.triple} role="group" aria-label="What the student makes of it">
      <Thumbnail image={sample.image} alt={`${name} as it is trained on`} />
      <Thumbnail image={sample.pseudoLabel} alt={`Fused label of ${name}`} />
      <Thumbnail image={sample.student} alt={`Student's answer for ${name} at step ${step}`} />
      <div className={styles.caption}>Image, fused label, student at step {formatCount(step)}: {formatShare(agreement)} of its pixels agree</div>
    </div>
  )
}

/** The classes of generated streets: the first label set, Cityscapes. */
export function useLabelSet(): LabelSet | null {
  return useCall('labelSets.list', {}).data?.at(0) ?? null
}
