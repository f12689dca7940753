import { decodeBoundary, decodeFusion, decodeMasks, decodeSemantics } from '../../../../core/formats/bundles.ts'
import { RECIPES } from '../../../../core/goodsam/config.ts'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import { explainPixel } from '../../../../core/goodsam/explain.ts'
import { fusePanorama, isPreparedFor, prepareFusion } from '../../../../core/goodsam/fusion.ts'
import type { PreparedFusion } from '../../../../core/goodsam/fusion.ts'
import type { IndexLayer, IndexRaster } from '../gl/scene-textures.ts'
import { portToPage } from '../worker-port.ts'
import { createArtifactSource } from './artifact-bytes.ts'
import type { FusedMaps, FusionAnswer, FusionRequest } from './fusion-messages.ts'
import { paintMaskLayer } from './mask-layer.ts'

/** Loads the stages' artifacts of the panorama shown, fuses them again at every move of theta, and explains pixels. */

interface Scene {
  readonly id: number
  readonly controller: AbortController
  readonly width: number
  readonly height: number
  /** null until loaded, and where there are no TA semantics */
  prepared: PreparedFusion | null
  /** the deciding masks: written by every fusion, never sent */
  decidingMask: Uint32Array
}

const page = portToPage<FusionRequest, FusionAnswer>()
const artifacts = createArtifactSource()
let scene: Scene | null = null

page.listen((request) => {
  switch (request.type) {
    case 'open':
      scene?.controller.abort()
      scene = {
        id: request.scene, controller: new AbortController(), width: request.width, height: request.height,
        prepared: null, decidingMask: new Uint32Array(0),
      }
      void open(scene, request)
      break
    case 'close':
      scene?.controller.abort()
      scene = null
      break
    case 'fuse':
      fuse(request)
      break
    case 'explain':
      explain(request)
      break
    case 'prefetch':
      void prefetch(request.urls)
      break
  }
})

async function open(opened: Scene, { artifacts: urls, projection }: FusionRequest & { type: 'open' }): Promise<void> {
  const { signal } = opened.controller
  const read = (url: string | null, what: string): Promise<Uint8Array> | null => {
    const bytes = url === null ? null : artifacts.read(url, { what, signal })
    // whoever awaits it hears of a failure; this only keeps one that nobody waits for yet from being reported twice
    bytes?.catch(() => {})
    return bytes
  }
  try {
    const [fusion, boundary] = [read(urls.fusion, 'The fused label'), read(urls.boundary, 'The boundary map')]
    const [semantics, masks] = [read(urls.semantics, 'The TA semantics'), read(urls.masks, 'The SAM masks')]
    if (fusion) {
      const { label, confidence, provenance } = decodeFusion(await fusion)
      sendLayers(opened, { label, confidence, provenance })
    }
    if (boundary) sendLayers(opened, { boundary: decodeBoundary(await boundary).boundary })
    let prepareMs: number | null = null
    if (semantics) {
      const start = performance.now()
      const decoded = decodeSemantics(await semantics)
      sendLayers(opened, { semantics: decoded.label })
      await breathe()
      signal.throwIfAborted()
      const table = masks ? decodeMasks(await masks) : null
      await breathe()
      signal.throwIfAborted()
      opened.prepared = prepareFusion(table, decoded, { ...(urls.runFusion ?? RECIPES.goodsam.fusion), projection })
      if (table) sendLayers(opened, { masks: paintMaskLayer(table, opened) })
      prepareMs = performance.now() - start
    }
    signal.throwIfAborted()
    page.send({ type: 'opened', scene: opened.id, prepareMs })
  } catch (error) {
    if (!signal.aborted) page.send({ type: 'open-failed', scene: opened.id, message: messageOf(error) })
  }
}

/** Copies: what is sent is transferred, what was decoded may be a view into the cache. */
function sendLayers(opened: Scene, layers: Partial<Record<IndexLayer, IndexRaster>>): void {
  if (opened.controller.signal.aborted) return
  const copies: Partial<Record<IndexLayer, IndexRaster>> = {}
  const buffers: ArrayBuffer[] = []
  for (const [name, raster] of Object.entries(layers) as [IndexLayer, IndexRaster][]) {
    if (raster.width !== opened.width || raster.height !== opened.height) {
      throw new Error(`The ${name} map is ${raster.width} x ${raster.height} px, the panorama ${opened.width} x ${opened.height} px: they do not belong together. Run labelling again.`)
    }
    const data = raster.data.slice()
    copies[name] = { width: raster.width, height: raster.height, data } as IndexRaster
    buffers.push(data.buffer)
  }
  page.send({ type: 'layers', scene: opened.id, layers: copies }, buffers)
}

function fuse({ scene: id, seq, fusion, recycled }: FusionRequest & { type: 'fuse' }): void {
  try {
    if (!scene || scene.id !== id || !scene.prepared) throw new Error('Without TA semantics there is nothing to fuse.')
    const start = performance.now()
    scene.prepared = preparedFor(scene.prepared, fusion)
    const { width, height } = scene
    const pixels = width * height
    if (scene.decidingMask.length !== pixels) scene.decidingMask = new Uint32Array(pixels)
    const maps = recycled?.label.length === pixels ? recycled : emptyMaps(pixels)
    const raster = <Data extends Uint8Array | Uint32Array>(data: Data): { width: number; height: number; data: Data } => ({ width, height, data })
    const fused = fusePanorama(scene.prepared, fusion, {
      label: raster(maps.label), confidence: raster(maps.confidence), provenance: raster(maps.provenance),
      mask: raster(scene.decidingMask),
    })
    const ms = performance.now() - start
    const result: FusedMaps = {
      label: ownBytes(fused.label.data), confidence: ownBytes(fused.confidence.data), provenance: ownBytes(fused.provenance.data),
    }
    page.send({ type: 'fused', scene: id, seq, maps: result, ms },
      [result.label.buffer, result.confidence.buffer, result.provenance.buffer])
  } catch (error) {
    page.send({ type: 'fuse-failed', scene: id, seq, message: messageOf(error) })
  }
}

function explain({ scene: id, seq, fusion, x, y }: FusionRequest & { type: 'explain' }): void {
  const explained = (): ReturnType<typeof explainPixel> | null => {
    if (!scene || scene.id !== id || !scene.prepared) return null
    scene.prepared = preparedFor(scene.prepared, fusion)
    return explainPixel(scene.prepared, fusion, x, y)
  }
  try {
    page.send({ type: 'explained', scene: id, seq, explanation: explained() })
  } catch {
    page.send({ type: 'explained', scene: id, seq, explanation: null })
  }
}

async function prefetch(urls: readonly string[]): Promise<void> {
  const { signal } = new AbortController()
  for (const url of urls) {
    await artifacts.read(url, { what: 'A neighbour', signal, priority: 'low' }).catch(() => null)
  }
}

function preparedFor(prepared: PreparedFusion, fusion: FusionConfig): PreparedFusion {
  return isPreparedFor(prepared, fusion) ? prepared : prepareFusion(prepared.masks, prepared.semantics, { ...fusion, projection: prepared.settings.projection })
}

function emptyMaps(pixels: number): FusedMaps {
  return { label: new Uint8Array(pixels), confidence: new Uint8Array(pixels), provenance: new Uint8Array(pixels) }
}

/** Bytes whose buffer may be given away. */
function ownBytes(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer
  return whole ? (data as Uint8Array<ArrayBuffer>) : data.slice()
}

/** Lets messages in: the page may have moved on to another panorama meanwhile. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
