import type { FusionConfig } from '../../../core/goodsam/config.ts'
import type { PixelExplanation } from '../../../core/goodsam/explain.ts'
import { createFusionClient } from './fusion/fusion-client.ts'
import type { Gpu } from './gl/gpu.ts'
import type { Renderer } from './gl/renderer.ts'
import { imageLayout } from './gl/scene-textures.ts'
import { createImageLoader } from './image/image-loader.ts'
import type { ImageJob } from './image/image-loader.ts'
import { createScene } from './scene.ts'
import type { Scene } from './scene.ts'
import type { StateStore } from './state-store.ts'
import type { ArtifactUrls, PanoramaSource } from './types.ts'

/**
 * Which panorama is on the screen and which one is on its way. The last picture stays until the next one is there, with
 * its labels where they come in time.
 */
export interface Director {
  /** on the screen */
  shown(): Scene | null
  setPanorama(source: PanoramaSource | null): void
  setArtifacts(artifacts: ArtifactUrls | null): void
  setFusion(fusion: FusionConfig | null): void
  prefetch(source: PanoramaSource, artifacts: ArtifactUrls | null): void
  /** asks why the pixel of the shown panorama has its label; the answer is an event */
  explain(x: number, y: number): void
  gpuLost(): void
  gpuRestored(renderer: Renderer): void
  /** a frame was drawn: what was uploaded before it is on the screen now */
  drawn(): void
  /** something is being loaded or computed */
  busy(): boolean
  destroy(): void
}

export interface DirectorEvents {
  /** another panorama is to be shown (null: none) instead of `before` */
  onShow(scene: Scene | null, before: Scene | null): void
  /** layers of the shown panorama changed */
  onLayers(): void
  onExplained(scene: Scene, explanation: PixelExplanation | null): void
}

/** a new picture waits this long for its labels, so that they appear together */
const LABEL_WAIT_MS = 300
const NO_TIMINGS = { imageMs: null, prepareMs: null, fuseMs: null, uploadMs: null, fusionLatencyMs: null }

export function createDirector(
  gpu: Gpu, state: StateStore, options: { imageCacheBytes: number; events: DirectorEvents },
): Director {
  const { events } = options
  const loader = createImageLoader(options.imageCacheBytes)
  let shown: Scene | null = null
  /** being loaded, not shown yet */
  let next: Scene | null = null
  let imageAbort = new AbortController()
  let imageDone = false
  let layersAwaited = false
  let waitTimer: ReturnType<typeof setTimeout> | undefined
  let artifacts: ArtifactUrls | null = null
  let wanted: FusionConfig | null = null
  /** asked-at time of a fused map that is uploaded but not drawn yet */
  let latencyFrom: number | null = null
  let sceneCount = 0
  let wrongs: { image?: string; artifacts?: string; fusion?: string } = {}

  const target = (): Scene | null => next ?? shown
  const layersChanged = (scene: Scene): void => {
    if (scene === shown) events.onLayers()
  }

  const fusion = createFusionClient({
    onLayers(layers) {
      const scene = target()
      if (!scene) return
      upload(() => scene.store(layers))
      if ('label' in layers || 'semantics' in layers) layersAwaited = false
      layersChanged(scene)
      showNext()
    },
    onOpened(prepareMs) {
      layersAwaited = false
      state.set({ artifacts: 'ready', timings: { prepareMs } })
      events.onLayers()
      showNext()
    },
    onFused({ maps, ms, askedAt }) {
      const scene = target()
      if (!scene || !wanted) return fusion.recycle(maps)
      upload(() => {
        const start = performance.now()
        const spare = scene.showFused(maps)
        if (spare) fusion.recycle(spare)
        state.set({
          fusion: fusion.fusing() ? 'loading' : 'ready', timings: { fuseMs: ms, uploadMs: performance.now() - start },
        })
      })
      latencyFrom = askedAt
      layersChanged(scene)
    },
    onExplained({ explanation, fusion: of }) {
      if (shown && !next && of === explainable()) events.onExplained(shown, explanation)
    },
    onFailed(what, message) {
      layersAwaited = false
      fail(what, message)
      showNext()
    },
  })

  /** Layers that do not fit the panorama are a failure to report, not one of the page. */
  function upload(work: () => void): void {
    try {
      work()
    } catch (error) {
      fail('artifacts', error instanceof Error ? error.message : String(error))
    }
  }

  function fail(what: 'image' | 'artifacts' | 'fusion', message: string): void {
    wrongs = { ...wrongs, [what]: message }
    state.set({ [what]: 'failed', error: worstWrong() })
  }

  /** What a person should hear first: without a GPU, or without the picture, the rest is no use. */
  function worstWrong(): string | null {
    return gpu.unsupported() ?? wrongs.image ?? wrongs.artifacts ?? wrongs.fusion ?? null
  }

  /** the parameters behind the map that is shown */
  function explainable(): FusionConfig | null {
    return wanted ?? artifacts?.runFusion ?? null
  }

  function showNext(): void {
    if (!next || !imageDone) return
    if (layersAwaited) {
      waitTimer ??= setTimeout(() => {
        layersAwaited = false
        showNext()
      }, LABEL_WAIT_MS)
      return
    }
    clearTimeout(waitTimer)
    waitTimer = undefined
    const before = shown
    shown = next
    next = null
    events.onShow(shown, before)
    before?.dispose()
  }

  async function loadImage(scene: Scene): Promise<void> {
    imageAbort.abort()
    imageAbort = new AbortController()
    const { signal } = imageAbort
    const renderer = gpu.renderer()
    if (!renderer) {
      // a lost context comes back and loads it then
      const why = gpu.unsupported()
      if (why) fail('image', why)
      imageDone = why !== null
      return showNext()
    }
    const start = performance.now()
    state.set({ image: 'loading', imageProgress: 0 })
    try {
      const tiles = await loader.load(jobFor(scene.source, renderer), {
        signal,
        onProgress: (fraction) => {
          if (!signal.aborted) state.set({ imageProgress: fraction })
        },
      })
      try {
        await scene.textures?.uploadImage(tiles.bitmaps, async () => {
          await new Promise((resolve) => {
            setTimeout(resolve, 0)
          })
          signal.throwIfAborted()
        })
      } finally {
        tiles.release()
      }
      signal.throwIfAborted()
      state.set({ image: 'ready', imageProgress: 1, timings: { imageMs: performance.now() - start } })
    } catch (error) {
      if (signal.aborted) return
      // its labels can still be shown, and the panorama before it would be a lie
      state.set({ imageProgress: 1 })
      fail('image', error instanceof Error ? error.message : String(error))
    }
    imageDone = true
    layersChanged(scene)
    showNext()
  }

  function forget(): void {
    imageAbort.abort()
    clearTimeout(waitTimer)
    waitTimer = undefined
    next?.dispose()
    next = null
    artifacts = null
    wanted = null
    imageDone = false
    layersAwaited = false
    latencyFrom = null
    fusion.close()
  }

  return {
    shown: () => shown,
    setPanorama(source) {
      forget()
      wrongs = {}
      state.set({
        image: source ? 'loading' : 'empty', imageProgress: source ? 0 : 1, artifacts: 'empty', fusion: 'empty',
        error: worstWrong(), timings: NO_TIMINGS,
      })
      if (source) {
        next = createScene(++sceneCount, source, gpu.renderer())
        void loadImage(next)
        return
      }
      const before = shown
      shown = null
      events.onShow(null, before)
      before?.dispose()
    },
    setArtifacts(urls) {
      const scene = target()
      if (!scene) return
      scene.clearLayers()
      layersChanged(scene)
      artifacts = urls
      layersAwaited = urls !== null && (urls.fusion !== null || urls.semantics !== null)
      wrongs = { ...wrongs, artifacts: undefined, fusion: undefined }
      state.set({ artifacts: urls ? 'loading' : 'empty', fusion: 'empty', error: worstWrong() })
      if (!urls) {
        fusion.close()
        return showNext()
      }
      fusion.open(scene.id, absoluteUrls(urls), scene.source)
      if (!wanted) return
      state.set({ fusion: 'loading' })
      fusion.fuse(wanted)
    },
    setFusion(config) {
      wanted = config
      wrongs = { ...wrongs, fusion: undefined }
      const scene = target()
      if (config && scene && artifacts) {
        state.set({ fusion: 'loading', error: worstWrong() })
        fusion.fuse(config)
        return
      }
      fusion.cancelFuse()
      state.set({ fusion: 'empty', error: worstWrong() })
      const spare = scene?.showFused(null)
      if (spare) fusion.recycle(spare)
      if (scene) layersChanged(scene)
    },
    prefetch(source, urls) {
      const renderer = gpu.renderer()
      if (renderer) loader.prefetch(jobFor(source, renderer))
      if (urls) fusion.prefetch(absoluteUrls(urls))
    },
    explain(x, y) {
      const config = explainable()
      if (config && !next) fusion.explain(config, x, y)
    },
    gpuLost() {
      shown?.detach()
      next?.detach()
    },
    gpuRestored(renderer) {
      const scene = target()
      for (const held of [shown, next]) held?.attach(renderer)
      if (scene) void loadImage(scene)
    },
    drawn() {
      if (latencyFrom === null) return
      state.set({ timings: { fusionLatencyMs: performance.now() - latencyFrom } })
      latencyFrom = null
    },
    busy() {
      const { image, artifacts: stage, fusion: live } = state.get()
      return next !== null || [image, stage, live].includes('loading')
    },
    destroy() {
      forget()
      shown?.dispose()
      shown = null
      loader.destroy()
      fusion.destroy()
    },
  }
}

function jobFor({ imageUrl, width, height, projection }: PanoramaSource, renderer: Renderer): ImageJob {
  return { url: absoluteUrl(imageUrl), layout: imageLayout(width, height, renderer.maxTextureSize), cyclic: projection.cyclic }
}

/** Workers would take relative URLs from their own script. */
function absoluteUrl<Url extends string | null>(url: Url): Url | string {
  return url === null ? url : new URL(url, document.baseURI).href
}

function absoluteUrls(urls: ArtifactUrls): ArtifactUrls {
  return {
    masks: absoluteUrl(urls.masks), semantics: absoluteUrl(urls.semantics), boundary: absoluteUrl(urls.boundary),
    fusion: absoluteUrl(urls.fusion), runFusion: urls.runFusion,
  }
}
