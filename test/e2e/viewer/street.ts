import { encodeBoundary, encodeFusion, encodeMasks, encodeSemantics } from '../../../src/core/formats/bundles.ts'
import type { Equirectangular } from '../../../src/core/geometry/equirectangular.ts'
import { RECIPES } from '../../../src/core/goodsam/config.ts'
import type { FusionConfig } from '../../../src/core/goodsam/config.ts'
import { fusePanorama, prepareFusion } from '../../../src/core/goodsam/fusion.ts'
import type { PreparedFusion } from '../../../src/core/goodsam/fusion.ts'
import type { FusedPanorama } from '../../../src/core/goodsam/types.ts'
import type { Raster } from '../../../src/core/raster/raster.ts'
import type { ArtifactUrls, PanoramaSource } from '../../../src/renderer/src/viewer/types.ts'
import { streetScene } from '../../fixtures/goodsam-scenes.ts'
import type { Scene } from '../../fixtures/goodsam-scenes.ts'
import type { ViewerHarness } from './open-harness.ts'
import { noiseImage, sourceOf, toPng } from './synthetic.ts'

/** A made-up labelled panorama, served the way a host serves a run's result. */
export interface ServedStreet {
  readonly scene: Scene
  readonly source: PanoramaSource
  readonly artifacts: ArtifactUrls
  readonly prepared: PreparedFusion
  readonly runFusion: FusionConfig
  readonly fused: FusedPanorama
  readonly boundary: Raster
  fuse(fusion: FusionConfig): FusedPanorama
}

let served = 0

export function serveStreet(
  harness: ViewerHarness, size: { width: number; height: number; masks: number; projection?: Equirectangular }, runFusion: FusionConfig = RECIPES.goodsam.fusion,
): ServedStreet {
  const { width, height, projection } = size
  const name = `street-${served++}`
  const scene = streetScene({ frame: { widthPx: width, heightPx: height, cyclic: true }, classes: 19, masks: size.masks, seed: 7 })
  const prepared = prepareFusion(scene.masks, scene.semantics, { ...runFusion, projection })
  const fused = fusePanorama(prepared, runFusion)
  // a grid of lines: what matters here is that every pixel arrives
  const boundary = { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => (i % 13 === 0 ? 1 : 0)) }
  const serve = (part: string, bytes: Uint8Array): string => harness.serve(`${name}-${part}`, bytes)
  return {
    scene, prepared, runFusion, fused, boundary,
    source: sourceOf(serve('image.png', toPng(noiseImage(width, height))), { width, height }, projection),
    artifacts: {
      masks: serve('masks', encodeMasks(scene.masks)),
      semantics: serve('semantics', encodeSemantics(scene.semantics)),
      boundary: serve('boundary', encodeBoundary({ boundary })),
      fusion: serve('fusion', encodeFusion(fused)),
      runFusion,
    },
    fuse: (fusion) => fusePanorama(prepareFusion(scene.masks, scene.semantics, { ...fusion, projection }), fusion),
  }
}
