import { Progress } from '@mantine/core'
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import { createPanoramaViewer } from '../../viewer/panorama-viewer.ts'
import type { ArtifactUrls, PanoramaSource, PanoramaViewer, ViewerState } from '../../viewer/types.ts'
import { LAYERS } from '../../viewer/types.ts'
import { drawnStyle, type LayersState } from './layers.ts'
import styles from './viewer-pane.module.css'

/** One panorama; another panorama is another object, the same one with other layers too. */
export interface Shown {
  readonly source: PanoramaSource | null
  readonly artifacts: ArtifactUrls | null
}

interface ViewerPaneProps {
  readonly shown: Shown
  readonly layers: LayersState
  readonly hiddenClasses: ReadonlySet<number>
  /** live fusion; null: the run's stored result */
  readonly fusion: FusionConfig | null
  readonly sphere: boolean
  readonly onSphere: (sphere: boolean) => void
  /** the viewer, once it is there; null when it goes */
  readonly onViewer: (viewer: PanoramaViewer | null) => void
  /** over the picture: why there are no labels */
  readonly children?: ReactNode
}

/** React's frame around the viewer: it makes the canvas, hands over what is to be shown, and never sees a pixel. */
export function ViewerPane(props: ViewerPaneProps): ReactNode {
  const { shown, layers, hiddenClasses, fusion, sphere } = props
  const host = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLDivElement>(null)
  const [viewer, setViewer] = useState<PanoramaViewer | null>(null)
  const state = useViewerState(viewer)
  const announce = useEffectEvent(props.onViewer)
  const onSphere = useEffectEvent(props.onSphere)

  useEffect(() => {
    if (host.current === null) return
    // a canvas whose context was given up cannot be drawn on again: each viewer gets its own
    const canvas = document.createElement('canvas')
    canvas.className = styles.canvas
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', 'Panorama')
    host.current.append(canvas)
    // the window's keymap knows S; the viewer needs Space, for dragging
    const keys = new AbortController()
    const made = createPanoramaViewer(canvas, { keyTarget: spaceKeys(keys.signal), readout: readout.current ?? undefined })
    const endView = made.onView((view) => onSphere(view.kind === 'sphere'))
    setViewer(made)
    announce(made)
    return () => {
      announce(null)
      setViewer(null)
      endView()
      keys.abort()
      made.destroy()
      canvas.remove()
    }
  }, [])

  const { source } = shown
  const fuse = useEffectEvent(() => viewer?.setFusion(fusion))
  useEffect(() => viewer?.setPanorama(source), [viewer, source])
  useEffect(() => {
    viewer?.setArtifacts(shown.artifacts)
    // a new panorama has forgotten the fusion too
    fuse()
  }, [viewer, shown])
  useEffect(() => viewer?.setFusion(fusion), [viewer, fusion])
  useEffect(() => viewer?.setViewKind(sphere ? 'sphere' : 'flat'), [viewer, sphere])
  useEffect(() => {
    for (const layer of LAYERS) viewer?.setLayer(layer, drawnStyle(layers, layer))
  }, [viewer, layers])
  useEffect(() => {
    if (viewer === null || source === null) return
    for (const { trainId } of source.labelSet.classes) viewer.setClassVisible(trainId, !hiddenClasses.has(trainId))
  }, [viewer, source, hiddenClasses])

  return (
    <div className={styles.pane}>
      <div ref={host} className={styles.host} />
      <div ref={readout} className={styles.readout} aria-hidden />
      {state?.image === 'loading' && (
        <Progress className={styles.loading} value={100 * state.imageProgress} size={2} radius={0} aria-label="Loading the panorama" />
      )}
      {state !== null && state.error !== null && <div className={styles.over}><div className={styles.message} role="alert">{state.error}</div></div>}
      {props.children !== undefined && <div className={styles.over}>{props.children}</div>}
    </div>
  )
}

/** Loading, ready or failed, as the viewer tells it; null before there is one. Changes with every step of a download. */
function useViewerState(viewer: PanoramaViewer | null): ViewerState | null {
  const [state, setState] = useState<ViewerState | null>(null)
  useEffect(() => viewer?.onState(setState), [viewer])
  return viewer === null ? null : state
}

/** One value of the viewer's state: draws again only when that value is another. null before there is a viewer. */
export function useViewerValue<T extends string | number | boolean | null>(viewer: PanoramaViewer | null, select: (state: ViewerState) => T): T | null {
  const [value, setValue] = useState<T | null>(null)
  const read = useEffectEvent(select)
  useEffect(() => viewer?.onState((state) => setValue(read(state))), [viewer])
  return viewer === null ? null : value
}

/** Passes on the space bar of the window, and nothing else. */
function spaceKeys(signal: AbortSignal): EventTarget {
  const target = new EventTarget()
  for (const type of ['keydown', 'keyup']) {
    window.addEventListener(type, (event) => {
      if (!(event instanceof KeyboardEvent) || event.code !== 'Space' || isControl(event.target)) return
      const copy = new KeyboardEvent(type, { ...plainKey(event), cancelable: true })
      target.dispatchEvent(copy)
      if (copy.defaultPrevented) event.preventDefault()
    }, { signal })
  }
  return target
}

function plainKey({ key, code, repeat, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): KeyboardEventInit {
  return { key, code, repeat, ctrlKey, metaKey, altKey, shiftKey }
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [role=slider], :is(button, a):focus-visible') !== null
}
