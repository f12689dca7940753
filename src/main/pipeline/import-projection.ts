import { XMLParser } from 'fast-xml-parser'
import type { Projection } from '../../contract/schemas.ts'

export interface ProjectionInput {
  readonly widthPx: number
  readonly heightPx: number
  /** the file's XMP packet, where it has one */
  readonly xmp: string | null
  /** what the person said, degrees; null: not said */
  readonly hfovDeg: number | null
  readonly vfovDeg: number | null
}

export interface ResolvedProjection {
  readonly projection: Projection
  readonly warnings: readonly string[]
}

/** A field of view from here on is a full turn: rounding in metadata is not a gap. */
const FULL_TURN_DEG = 359.9
/** Aspect ratios this close to 2:1 are 2:1 (odd sizes, rounding by cameras). */
const ASPECT_TOLERANCE = 0.01
/** XMP is a few kilobytes; what is larger carries embedded data that is not read. */
const MAX_XMP_CHARS = 1 << 20

/**
 * How the pixels lie on the sphere: what the person said, else the file's GPano metadata, else a guess from the aspect
 * ratio. Angles in degrees; cyclic exactly when the horizontal field of view is a full turn.
 */
export function resolveProjection(input: ProjectionInput): ResolvedProjection {
  const { widthPx, heightPx, hfovDeg, vfovDeg } = input
  const fromFile = input.xmp === null ? { projection: null, warnings: [] } : readGPano(input.xmp, { widthPx, heightPx })
  const base = fromFile.projection ?? guessFromAspect(widthPx, heightPx)
  if (hfovDeg === null && vfovDeg === null) return { projection: base, warnings: fromFile.warnings }

  // one angle said: the other as the file says, else from equal angular resolution in both directions
  const hfov = hfovDeg ?? (fromFile.projection || vfovDeg === null ? base.hfovDeg : Math.min(360, (vfovDeg * widthPx) / heightPx))
  const vfov = vfovDeg ?? fromFile.projection?.vfovDeg ?? Math.min(180, (hfov * heightPx) / widthPx)
  return {
    projection: equirectangular({ hfovDeg: hfov, vfovDeg: vfov, horizonOffsetPx: base.horizonOffsetPx, source: 'user' }),
    warnings: fromFile.warnings,
  }
}

/**
 * 2:1 is the whole sphere. What is wider is a full turn with the poles cut off (DensePASS: 2048 x 400); what is narrower
 * is taken for the full height of a partial turn. Both assume equal angular resolution in both directions.
 */
export function guessFromAspect(widthPx: number, heightPx: number): Projection {
  const aspect = widthPx / heightPx
  const isSphere = Math.abs(aspect / 2 - 1) <= ASPECT_TOLERANCE
  const hfovDeg = isSphere || aspect > 2 ? 360 : 180 * aspect
  const vfovDeg = isSphere || aspect < 2 ? 180 : 360 / aspect
  return equirectangular({ hfovDeg, vfovDeg, horizonOffsetPx: 0, source: 'aspect' })
}

function equirectangular(angles: Pick<Projection, 'hfovDeg' | 'vfovDeg' | 'horizonOffsetPx' | 'source'>): Projection {
  const cyclic = angles.hfovDeg >= FULL_TURN_DEG
  return { kind: 'equirectangular', ...angles, hfovDeg: cyclic ? 360 : angles.hfovDeg, cyclic }
}

/** The fields of http://ns.google.com/photos/1.0/panorama/ that say where a crop lies on the sphere. */
const NUMBER_FIELDS = [
  'FullPanoWidthPixels', 'FullPanoHeightPixels',
  'CroppedAreaImageWidthPixels', 'CroppedAreaImageHeightPixels',
  'CroppedAreaLeftPixels', 'CroppedAreaTopPixels',
] as const
type NumberField = (typeof NUMBER_FIELDS)[number]
interface GPanoFields {
  readonly numbers: Partial<Record<NumberField, number>>
  readonly projectionType: string | null
}

/**
 * GPano metadata, written as attributes or as elements. null when there is none, or it does not say enough, or it does
 * not fit the image (a warning then says so).
 */
export function readGPano(
  xmp: string, size: { readonly widthPx: number; readonly heightPx: number },
): { projection: Projection | null; warnings: string[] } {
  const fields = parseGPano(xmp)
  if (fields === null) return { projection: null, warnings: ['Its XMP metadata cannot be read; the projection was guessed from the aspect ratio.'] }
  const { numbers, projectionType } = fields
  if (projectionType !== null && projectionType.toLowerCase() !== 'equirectangular') {
    return {
      projection: null,
      warnings: [`Its metadata says the projection is "${projectionType}"; it was taken for equirectangular. Convert it if the horizon looks bent.`],
    }
  }
  const fullWidth = numbers.FullPanoWidthPixels
  const cropWidth = numbers.CroppedAreaImageWidthPixels
  const cropHeight = numbers.CroppedAreaImageHeightPixels
  if (!fullWidth || !cropWidth || !cropHeight) return { projection: null, warnings: [] }
  const fullHeight = numbers.FullPanoHeightPixels || fullWidth / 2
  const top = numbers.CroppedAreaTopPixels ?? (fullHeight - cropHeight) / 2

  const isStale = Math.abs((cropWidth / cropHeight) / (size.widthPx / size.heightPx) - 1) > 2 * ASPECT_TOLERANCE
  const isImpossible = cropWidth > fullWidth * 1.001 || cropHeight > fullHeight * 1.001 || top < 0
  if (isStale || isImpossible) {
    return {
      projection: null,
      warnings: [
        `Its panorama metadata (${cropWidth} x ${cropHeight} of ${fullWidth} x ${fullHeight}) does not fit its ${size.widthPx} x ${size.heightPx} ` +
          'pixels; the projection was guessed from the aspect ratio. Set the field of view by hand if that is wrong.',
      ],
    }
  }
  // the image may have been resized after the metadata was written: angles do not change, pixels do
  const scale = size.heightPx / cropHeight
  return {
    projection: equirectangular({
      hfovDeg: Math.min(360, (360 * cropWidth) / fullWidth),
      vfovDeg: Math.min(180, (180 * cropHeight) / fullHeight),
      horizonOffsetPx: (fullHeight / 2 - top) * scale - size.heightPx / 2,
      source: 'gpano',
    }),
    warnings: [],
  }
}

function parseGPano(xmp: string): GPanoFields | null {
  if (xmp.length > MAX_XMP_CHARS) return null
  try {
    const parser = new XMLParser({
      ignoreAttributes: false, attributeNamePrefix: '', removeNSPrefix: true, processEntities: false,
      parseTagValue: false, parseAttributeValue: false,
    })
    const numbers: Partial<Record<NumberField, number>> = {}
    let projectionType: string | null = null
    for (const [name, text] of leaves(parser.parse(xmp))) {
      const field = NUMBER_FIELDS.find((known) => known === name)
      if (field !== undefined && Number.isFinite(Number.parseFloat(text))) numbers[field] ??= Number.parseFloat(text)
      if (name === 'ProjectionType') projectionType ??= text.trim()
    }
    return { numbers, projectionType }
  } catch {
    return null
  }
}

/** Every attribute and every element that holds text alone, as (local name, text). */
function* leaves(node: unknown): Generator<readonly [name: string, text: string]> {
  if (typeof node !== 'object' || node === null) return
  for (const [name, value] of Object.entries(node)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof item === 'string') yield [name, item]
      else {
        // an element with attributes and text keeps its text under #text
        const text = typeof item === 'object' && item !== null && '#text' in item ? item['#text'] : null
        if (typeof text === 'string') yield [name, text]
        yield* leaves(item)
      }
    }
  }
}
