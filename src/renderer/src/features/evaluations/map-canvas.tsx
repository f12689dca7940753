import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react'
import { decodeRaster } from '../../../../core/formats/bundles.ts'
import type { Raster } from '../../../../core/raster/raster.ts'
import { useStudio } from '../../app/studio.ts'
import { createArtifactSource } from '../../viewer/fusion/artifact-bytes.ts'
import type { Picture } from './label-pictures.ts'
import styles from './map-canvas.module.css'

const artifacts = createArtifactSource()

interface MapCanvasProps {
  readonly label: string
  /** artifacts of the label maps that `paint` gets, in this order */
  readonly maps: readonly string[]
  readonly paint: (maps: readonly Raster[]) => Picture
  /** of artifacts that are no raster bundles */
  readonly decode?: (bytes: Uint8Array) => Raster
}

/** Something painted from label maps. They are fetched when it comes into view; pixels go straight to the canvas. */
export function MapCanvas({ label, maps, paint, decode = decodeRaster }: MapCanvasProps): ReactNode {
  const { artifactUrl } = useStudio()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const [ready, setReady] = useState(false)
  const key = maps.join()

  const draw = useEffectEvent(async (element: HTMLCanvasElement, hashes: readonly string[], signal: AbortSignal): Promise<void> => {
    const rasters = await Promise.all(hashes.map(async (hash) => decode(await artifacts.read(artifactUrl(hash), { what: 'The label map', signal }))))
    if (signal.aborted) return
    const { width, height, data } = paint(rasters)
    element.width = width
    element.height = height
    element.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0)
    setReady(true)
  })

  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const ending = new AbortController()
    setFailure(null)
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return
      observer.disconnect()
      draw(element, key.split(','), ending.signal).catch((error: unknown) => {
        if (!ending.signal.aborted) setFailure(error instanceof Error ? error.message : String(error))
      })
    }, { rootMargin: '200px' })
    observer.observe(element)
    return () => {
      observer.disconnect()
      ending.abort()
    }
  }, [key])

  return (
    <div className={styles.box} data-stage={failure !== null ? 'failed' : ready ? 'ready' : 'loading'}>
      <canvas ref={canvas} className={styles.picture} role="img" aria-label={label} />
      {failure !== null && <div className={styles.failure} role="alert">{failure}</div>}
    </div>
  )
}
