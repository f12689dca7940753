import { IconPhotoOff } from '@tabler/icons-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useStudio } from '../app/studio.ts'
import { createThumbnailLoader } from '../app/thumbnails.ts'
import styles from './thumbnail.module.css'

const loader = createThumbnailLoader({ widthPx: 448 })

interface ThumbnailProps {
  /** artifact of the upright image */
  readonly image: string
  readonly alt: string
  /** width over height of the box */
  readonly aspect?: number
}

/** A panorama, small. Loads when it comes into view; its pixels go straight to a canvas. */
export function Thumbnail({ image, alt, aspect = 2 }: ThumbnailProps): ReactNode {
  const { artifactUrl } = useStudio()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [stage, setStage] = useState<'loading' | 'ready' | 'failed'>('loading')
  const url = artifactUrl(image)

  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    setStage('loading')
    let ending = new AbortController()
    const show = async (signal: AbortSignal): Promise<void> => {
      try {
        const bitmap = await loader.load(url, signal)
        if (signal.aborted) return
        element.width = bitmap.width
        element.height = bitmap.height
        element.getContext('2d')?.drawImage(bitmap, 0, 0)
        observer.disconnect()
        setStage('ready')
      } catch {
        if (!signal.aborted) setStage('failed')
      }
    }
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) {
        ending.abort()
        return
      }
      ending = new AbortController()
      void show(ending.signal)
    }, { rootMargin: '300px' })
    observer.observe(element)
    return () => {
      observer.disconnect()
      ending.abort()
    }
  }, [url])

  return (
    <div className={styles.box} style={{ aspectRatio: aspect }} data-stage={stage}>
      <canvas ref={canvas} className={styles.picture} role="img" aria-label={alt} />
      {stage === 'failed' && <IconPhotoOff size={18} stroke={1.5} className={styles.broken} aria-label="The image could not be loaded" />}
    </div>
  )
}
