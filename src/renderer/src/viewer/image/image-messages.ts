import type { TileLayout } from '../tiling.ts'

/** What the page asks the image worker for. Each request has its own id; answers carry it. */
export type ImageRequest =
  | {
    readonly type: 'load'
    readonly id: number
    /** absolute */
    readonly url: string
    readonly layout: TileLayout
    readonly cyclic: boolean
    readonly priority: 'high' | 'low'
  }
  | { readonly type: 'abort'; readonly id: number }

export type ImageAnswer =
  /** 0..1 */
  | { readonly type: 'progress'; readonly id: number; readonly fraction: number }
  /** one bitmap per tile, each as large as a tile */
  | { readonly type: 'loaded'; readonly id: number; readonly tiles: readonly ImageBitmap[] }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
