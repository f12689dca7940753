import { useCallback, useEffect, useEffectEvent, useMemo, useReducer, useState, type ReactNode } from 'react'
import { useLocalStorage } from '@mantine/hooks'
import { useLocation } from 'wouter'
import { stageArtifactsSchema, type LabellingRun, type Panorama, type PanoramaResult, type StageArtifacts } from '../../../../contract/schemas.ts'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useShortcut } from '../../app/shortcuts.tsx'
import { useStudio, type Studio } from '../../app/studio.ts'
import type { ArtifactUrls, LayerName, PanoramaSource, PanoramaViewer } from '../../viewer/types.ts'
import { useClassShares } from './class-shares.ts'
import { ClassesPanel } from './classes-panel.tsx'
import { Inspector } from './inspector.tsx'
import { LayersPanel } from './layers-panel.tsx'
import { INITIAL_LAYERS, reduceLayers } from './layers.ts'
import { neighbour, needsReview, orderResults, type StripOrder } from './review-order.ts'
import { ReviewControls } from './review-controls.tsx'
import { ReviewStrip } from './review-strip.tsx'
import { sameFusion, stepTheta } from './run-words.ts'
import { StatsPanel } from './stats-panel.tsx'
import { ThetaPanel } from './theta-panel.tsx'
import { useReview } from './use-review.ts'
import { ViewerPane, useViewerValue } from './viewer-pane.tsx'
import { ViewerToolbar } from './viewer-toolbar.tsx'
import { WhyNoLabels } from './why-no-labels.tsx'
import styles from './workstation.module.css'

interface WorkstationProps {
  readonly run: LabellingRun
  readonly results: readonly PanoramaResult[]
  readonly panoramas: readonly Panorama[]
  readonly labelSet: LabelSet
  readonly panoramaId: string | null
  /** theta of a preview that is not part of the run; null when there is none */
  readonly onPreview: (theta: number | null) => void
}

/** Look at a panorama and why it is labelled so, move theta, accept or reject, go on to the next. */
export function Workstation({ run, results, panoramas, labelSet, panoramaId, onPreview }: WorkstationProps): ReactNode {
  const studio = useStudio()
  const [, navigate] = useLocation()
  const [order, setOrder] = useLocalStorage<StripOrder>({ key: 'goodsam.strip', defaultValue: 'doubt', getInitialValueInEffect: false })
  const [panels, setPanels] = useState(true)
  const [viewer, setViewer] = useState<PanoramaViewer | null>(null)
  const [sphere, setSphere] = useState(false)
  const [layers, dispatch] = useReducer(reduceLayers, INITIAL_LAYERS)
  const [hiddenClasses, setHiddenClasses] = useState<ReadonlySet<number>>(new Set())
  const [draft, setDraft] = useState<FusionConfig | null>(null)
  const settled = useViewerValue(viewer, ({ image, artifacts }) => image === 'ready' && artifacts !== 'loading') === true
  const shares = useClassShares(viewer)

  const ordered = useMemo(() => orderResults(results, order), [results, order])
  const byId = useMemo(() => new Map(panoramas.map((panorama) => [panorama.id, panorama])), [panoramas])
  const images = useMemo(() => new Map(panoramas.map(({ id, image }) => [id, image])), [panoramas])
  const result = ordered.find((one) => one.panoramaId === panoramaId) ?? ordered[0]
  const panorama = byId.get(result.panoramaId)

  const open = useCallback((id: string) => navigate(`/labelling/${run.id}/${id}`, { replace: true }), [navigate, run.id])
  // the open panorama is part of the address, so that a reordering does not move it away
  useEffect(() => {
    if (result.panoramaId !== panoramaId) open(result.panoramaId)
  }, [result.panoramaId, panoramaId, open])

  const source = useMemo(() => sourceOf(studio, panorama, labelSet), [studio, panorama, labelSet])
  // by value: a review makes a new result with the same artifacts
  const hashes = JSON.stringify(result.artifacts)
  const made = run.config.fusion
  const shown = useMemo(() => ({ source, artifacts: artifactsOf(studio, stageArtifactsSchema.nullable().parse(JSON.parse(hashes)), made) }), [studio, source, hashes, made])
  const changeDraft = useCallback((fusion: FusionConfig | null) => {
    const next = fusion === null || sameFusion(fusion, made) ? null : fusion
    setDraft(next)
    onPreview(next?.theta ?? null)
  }, [made, onPreview])

  const neighbours = { next: neighbour(ordered, result.panoramaId, 1), previous: neighbour(ordered, result.panoramaId, -1) }
  const nextId = neighbours.next?.panoramaId ?? null
  const prefetch = useEffectEvent((id: string): void => {
    const ahead = sourceOf(studio, byId.get(id), labelSet)
    if (ahead !== null) viewer?.prefetch(ahead, artifactsOf(studio, neighbours.next?.artifacts ?? null, made))
  })
  useEffect(() => {
    if (settled && nextId !== null) prefetch(nextId)
  }, [settled, nextId])

  const review = useReview(run.id, open)
  const go = (to: PanoramaResult | null): (() => void) | null => (to === null ? null : () => open(to.panoramaId))
  const nextOpen = neighbour(ordered, result.panoramaId, 1, needsReview) ?? neighbour(ordered, null, 1, (one) => needsReview(one) && one.panoramaId !== result.panoramaId)
  const reviewable = result.status === 'done'
  const accept = reviewable ? () => review.set(result, 'accepted') : null
  const reject = reviewable ? () => review.set(result, 'rejected') : null
  const theta = (step: number) => (): void => {
    const now = draft ?? made
    changeDraft({ ...now, theta: stepTheta(now.theta, step) })
  }

  useShortcut('next', go(neighbours.next))
  useShortcut('previous', go(neighbours.previous))
  useShortcut('nextUnreviewed', go(nextOpen))
  useShortcut('previousUnreviewed', go(neighbour(ordered, result.panoramaId, -1, needsReview)))
  useShortcut('accept', accept)
  useShortcut('reject', reject)
  useShortcut('acceptAndNext', accept === null ? null : () => {
    accept()
    if (nextOpen !== null) open(nextOpen.panoramaId)
  })
  useShortcut('undo', review.undo)
  useShortcut('redo', review.redo)
  useShortcut('sortStrip', () => setOrder(order === 'doubt' ? 'name' : 'doubt'))
  useShortcut('sphere', () => setSphere(!sphere))
  useShortcut('resetView', () => viewer?.resetView())
  useShortcut('toggleOverlay', () => dispatch({ do: 'toggleOverlay' }))
  useShortcut('cycleLayer', () => dispatch({ do: 'cycle', step: 1 }))
  useShortcut('cycleLayerBack', () => dispatch({ do: 'cycle', step: -1 }))
  useShortcut('opacity0', () => dispatch({ do: 'opacity', opacity: 0 }))
  useShortcut('opacity1', () => dispatch({ do: 'opacity', opacity: 0.25 }))
  useShortcut('opacity2', () => dispatch({ do: 'opacity', opacity: 0.5 }))
  useShortcut('opacity3', () => dispatch({ do: 'opacity', opacity: 0.75 }))
  useShortcut('opacity4', () => dispatch({ do: 'opacity', opacity: 1 }))
  useShortcut('thetaDown', run.samId === null ? null : theta(-0.01))
  useShortcut('thetaUp', run.samId === null ? null : theta(0.01))
  useShortcut('togglePanels', () => setPanels(!panels))

  const absent: ReadonlySet<LayerName> = new Set(run.samId === null ? ['masks', 'boundary'] : [])
  return (
    <div className={styles.workstation}>
      {panels && <ReviewStrip results={ordered} images={images} current={result.panoramaId} order={order} onOrder={setOrder} onOpen={open} />}
      <div className={styles.middle}>
        <ViewerToolbar
          name={result.name} position={`${ordered.indexOf(result) + 1} of ${ordered.length}`} doubt={result.doubt}
          sphere={sphere} onSphere={setSphere} viewer={viewer} panels={panels} onPanels={setPanels}
        />
        <ViewerPane
          shown={shown} layers={layers} hiddenClasses={hiddenClasses} fusion={draft} sphere={sphere} onSphere={setSphere} onViewer={setViewer}
        >
          <WhyNoLabels run={run} result={result} />
        </ViewerPane>
        <ReviewControls
          result={result} onAccept={accept} onReject={reject} onClear={() => review.set(result, null)}
          onNext={go(neighbours.next)} onPrevious={go(neighbours.previous)}
        />
      </div>
      {panels && (
        <aside className={styles.panel} aria-label="Layers and explanations">
          <div className={styles.sections}>
            <LayersPanel layers={layers} absent={absent} dispatch={dispatch} />
            <ThetaPanel run={run} draft={draft} onDraft={changeDraft} viewer={viewer} panoramaId={result.panoramaId} />
            <ClassesPanel labelSet={labelSet} shares={result.artifacts === null ? null : shares} hidden={hiddenClasses} onHidden={setHiddenClasses} />
            <StatsPanel run={run} stats={result.stats} />
          </div>
          <Inspector viewer={viewer} labelSet={labelSet} fusion={draft ?? made} />
        </aside>
      )}
    </div>
  )
}

function sourceOf(studio: Studio, panorama: Panorama | undefined, labelSet: LabelSet): PanoramaSource | null {
  if (panorama === undefined) return null
  const { image, width, height, projection } = panorama
  return { imageUrl: studio.artifactUrl(image), width, height, projection, labelSet }
}

function artifactsOf(studio: Studio, artifacts: StageArtifacts | null, runFusion: FusionConfig): ArtifactUrls | null {
  if (artifacts === null) return null
  const url = (hash: string | null): string | null => (hash === null ? null : studio.artifactUrl(hash))
  return { masks: url(artifacts.masks), semantics: url(artifacts.semantics), boundary: url(artifacts.boundary), fusion: url(artifacts.fusion), runFusion }
}
