import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import type { PixelExplanation } from '../../../../core/goodsam/explain.ts'
import type { IndexLayer, IndexRaster } from '../gl/scene-textures.ts'
import { latestWins } from '../latest-wins.ts'
import type { ArtifactUrls, PanoramaSource } from '../types.ts'
import { portToWorker } from '../worker-port.ts'
import type { FusedMaps, FusionAnswer, FusionRequest } from './fusion-messages.ts'

/** The page's side of the fusion worker. Events of a scene that was left are never told. */
export interface FusionClient {
  /** loads the artifacts of a scene; the scene before is abandoned */
  open(scene: number, artifacts: ArtifactUrls, panorama: Pick<PanoramaSource, 'width' | 'height' | 'projection'>): void
  close(): void
  /** as often as it likes: while one is computed only the latest waits, and until the scene is open too */
  fuse(fusion: FusionConfig): void
  /** drops a fusion that has not started yet */
  cancelFuse(): void
  /** a fusion is under way, or waiting */
  fusing(): boolean
  /** latest wins as well; nothing until the scene is open */
  explain(fusion: FusionConfig, x: number, y: number): void
  /** gives maps back to be written again */
  recycle(maps: FusedMaps): void
  prefetch(artifacts: ArtifactUrls): void
  destroy(): void
}

export interface FusionEvents {
  onLayers(layers: Partial<Record<IndexLayer, IndexRaster>>): void
  onOpened(prepareMs: number | null): void
  onFused(result: { maps: FusedMaps; fusion: FusionConfig; ms: number; askedAt: number }): void
  onExplained(explained: { explanation: PixelExplanation | null; fusion: FusionConfig }): void
  /** artifacts: some layer is missing; fusion: the last setFusion came to nothing */
  onFailed(what: 'artifacts' | 'fusion', message: string): void
}

interface FuseAsk {
  readonly scene: number
  readonly fusion: FusionConfig
  readonly askedAt: number
}

export function createFusionClient(events: FusionEvents): FusionClient {
  const worker = new Worker(new URL('./fusion-worker.ts', import.meta.url), { type: 'module', name: 'live fusion' })
  const port = portToWorker<FusionAnswer, FusionRequest>(worker)
  let scene = 0
  let opened = false
  let canFuse = false
  let failure: string | null = null
  /** asked for before the scene was open */
  let early: FuseAsk | null = null
  let spare: FusedMaps | null = null
  let seq = 0
  let fuseNow: FuseAsk | null = null
  let explainNow: FusionConfig | null = null

  const fuses = latestWins<FuseAsk>((ask) => {
    fuseNow = ask
    const recycled = spare
    spare = null
    port.send({ type: 'fuse', scene: ask.scene, seq: ++seq, fusion: ask.fusion, recycled },
      recycled ? [recycled.label.buffer, recycled.confidence.buffer, recycled.provenance.buffer] : [])
  })
  const explains = latestWins<{ scene: number; fusion: FusionConfig; x: number; y: number }>((ask) => {
    explainNow = ask.fusion
    port.send({ type: 'explain', seq: ++seq, ...ask })
  })

  port.listen((answer) => {
    const current = answer.scene === scene
    switch (answer.type) {
      case 'layers':
        if (current) events.onLayers(answer.layers)
        break
      case 'opened':
        if (!current) break
        opened = true
        canFuse = answer.prepareMs !== null
        events.onOpened(answer.prepareMs)
        if (early) fuses.ask(early)
        early = null
        break
      case 'open-failed':
        if (!current) break
        failure = answer.message
        events.onFailed('artifacts', answer.message)
        if (early) events.onFailed('fusion', answer.message)
        early = null
        break
      case 'fused': {
        const ask = fuseNow
        fuses.finished()
        if (current && ask) events.onFused({ maps: answer.maps, fusion: ask.fusion, ms: answer.ms, askedAt: ask.askedAt })
        else spare = answer.maps
        break
      }
      case 'fuse-failed':
        fuses.finished()
        if (current) events.onFailed('fusion', answer.message)
        break
      case 'explained': {
        const fusion = explainNow
        explains.finished()
        if (current && fusion) events.onExplained({ explanation: answer.explanation, fusion })
        break
      }
    }
  })
  worker.addEventListener('error', (event) => {
    events.onFailed('artifacts', `The fusion worker failed: ${event.message || 'it could not be started'}. Reload the window.`)
  })

  return {
    open(id, artifacts, { width, height, projection }) {
      scene = id
      opened = false
      canFuse = false
      failure = null
      early = null
      fuses.clear()
      explains.clear()
      port.send({ type: 'open', scene, artifacts, width, height, projection })
    },
    close() {
      scene = 0
      opened = false
      failure = null
      early = null
      fuses.clear()
      explains.clear()
      port.send({ type: 'close' })
    },
    fuse(fusion) {
      const ask = { scene, fusion, askedAt: performance.now() }
      if (opened) fuses.ask(ask)
      else if (failure) events.onFailed('fusion', failure)
      else early = ask
    },
    cancelFuse() {
      early = null
      fuses.clear()
    },
    fusing: () => early !== null || fuses.busy(),
    explain(fusion, x, y) {
      if (opened && canFuse) explains.ask({ scene, fusion, x, y })
    },
    recycle(maps) {
      spare = maps
    },
    prefetch({ masks, semantics, boundary, fusion }) {
      port.send({ type: 'prefetch', urls: [fusion, boundary, semantics, masks].filter((url) => url !== null) })
    },
    destroy: () => worker.terminate(),
  }
}
