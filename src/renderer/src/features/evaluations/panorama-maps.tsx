import type { ReactNode } from 'react'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useCall } from '../../app/calls.ts'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import { DIFFERENCE_COLORS, paintDifference, paintLabels, paintMistakes } from './label-pictures.ts'
import { MapCanvas } from './map-canvas.tsx'
import styles from './panorama-maps.module.css'

/** as wide as a panorama in two columns of a large window, in device pixels */
const WIDTH_PX = 1024

interface PanoramaMapsProps {
  readonly panoramaId: string
  readonly labelSet: LabelSet
  /** one, or two to be held against one another */
  readonly predictions: readonly { readonly title: string; readonly map: string }[]
  /** truth that was imported or drawn with the dataset is shown; that of another folder is not kept */
  readonly importedTruth: boolean
}

/** One panorama: image, truth, what was predicted, and where that is wrong or differs. */
export function PanoramaMaps({ panoramaId, labelSet, predictions, importedTruth }: PanoramaMapsProps): ReactNode {
  const panorama = useCall('panoramas.get', { panoramaId })
  const kept = useCall('panoramas.truth', { panoramaId }, { enabled: importedTruth }).data?.map ?? null
  if (panorama.isError) return <Failed error={panorama.error} onRetry={() => void panorama.refetch()} />
  if (panorama.data === undefined) return <SkeletonRows rows={2} height={140} />
  const { name, image, width, height } = panorama.data
  const truth = importedTruth ? kept : null
  const [first, second] = predictions
  return (
    <div className={styles.maps} role="group" aria-label={`Maps of ${name}`}>
      <Titled title="Image"><Thumbnail image={image} alt={name} aspect={width / height} /></Titled>
      {truth !== null && <Titled title="Truth"><MapCanvas label={`Truth of ${name}`} maps={[truth]} paint={([map]) => paintLabels(map, labelSet, WIDTH_PX)} /></Titled>}
      {predictions.map(({ title, map }) => (
        <Titled key={title} title={title}><MapCanvas label={`${title} on ${name}`} maps={[map]} paint={([labels]) => paintLabels(labels, labelSet, WIDTH_PX)} /></Titled>
      ))}
      {second === undefined && truth !== null && (
        <Titled title="Mistakes" legend={[{ color: DIFFERENCE_COLORS.firstRight, text: 'not what the truth says' }]}>
          <MapCanvas label={`Mistakes on ${name}`} maps={[first.map, truth]} paint={([prediction, right]) => paintMistakes(prediction, right, WIDTH_PX)} />
        </Titled>
      )}
      {second !== undefined && (
        <Titled title="Difference" legend={differenceLegend(first.title, second.title, truth !== null)}>
          <MapCanvas
            label={`Difference on ${name}`} maps={[first.map, second.map, ...(truth === null ? [] : [truth])]}
            paint={([a, b, right]) => paintDifference(a, b, { truth: right ?? null, widthPx: WIDTH_PX })}
          />
        </Titled>
      )}
    </div>
  )
}

interface LegendEntry {
  readonly color: readonly number[]
  readonly text: string
}

function differenceLegend(first: string, second: string, known: boolean): readonly LegendEntry[] {
  if (!known) return [{ color: DIFFERENCE_COLORS.other, text: 'they differ' }]
  return [
    { color: DIFFERENCE_COLORS.firstRight, text: `${first} is right` },
    { color: DIFFERENCE_COLORS.secondRight, text: `${second} is right` },
    { color: DIFFERENCE_COLORS.other, text: 'neither, or no truth' },
  ]
}

function Titled({ title, legend = [], children }: { readonly title: string; readonly legend?: readonly LegendEntry[]; readonly children: ReactNode }): ReactNode {
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        <span className={styles.title}>{title}</span>
        {legend.map(({ color, text }) => (
          <span key={text} className={styles.entry}><span className={styles.swatch} style={{ background: `rgb(${color.join(' ')})` }} />{text}</span>
        ))}
      </figcaption>
      {children}
    </figure>
  )
}
