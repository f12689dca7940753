import { encode } from 'fast-png'
import sharp from 'sharp'
import { writeIndexedPng } from '../../core/formats/indexed-png.ts'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import { labelPalette } from '../../core/labels/palette.ts'
import { remapLabels, trainIdsToLabelIds } from '../../core/labels/remap.ts'
import { isThing } from '../../core/labels/things.ts'
import type { SynthRequest, SyntheticImage } from '../../core/synth/types.ts'
import type { SynthFile, SynthFileKind } from './synth-tasks.ts'

/** A drawn street as PNG files: the image with its place on the sphere, and its truth in the forms of Cityscapes. */
export async function encodeStreet(image: SyntheticImage, request: SynthRequest, kinds: readonly SynthFileKind[]): Promise<SynthFile[]> {
  return Promise.all(kinds.map(async (kind) => ({ kind, bytes: await encodeKind(image, request, kind) })))
}

async function encodeKind(image: SyntheticImage, request: SynthRequest, kind: SynthFileKind): Promise<Uint8Array> {
  const { width, height, trainIds } = image
  switch (kind) {
    case 'image': return encodeImage(image, request)
    // one file serves as both: its indices are trainIds and its palette the colours
    case 'labelTrainIds':
    case 'color': return writeIndexedPng({ width, height, data: trainIds }, labelPalette(CITYSCAPES))
    case 'labelIds': return encode({ width, height, channels: 1, depth: 8, data: remapLabels(trainIds, trainIdsToLabelIds(CITYSCAPES)) })
    case 'instanceIds': return encode({ width, height, channels: 1, depth: 16, data: cityscapesInstances(image) })
    case 'depth': return encode({ width, height, channels: 1, depth: 16, data: centimetres(image.depthM) })
  }
}

async function encodeImage({ width, height, rgb }: SyntheticImage, request: SynthRequest): Promise<Uint8Array> {
  const png = sharp(rgb, { raw: { width, height, channels: 3 } })
  const placed = request.view === 'panorama' ? png.withXmp(panoramaXmp(request)) : png
  // a copy: memory that belongs to sharp cannot be moved to another thread
  return new Uint8Array(await placed.png({ compressionLevel: 6 }).toBuffer())
}

/**
 * GPano metadata of a full turn whose rows cover `fovDeg` about the horizon. The full height is the nearest one of the
 * image's parity, so that the horizon lies exactly in the image's middle; at 2048x400 that keeps the field of view to 0.1 degrees.
 */
export function panoramaXmp({ width, height, fovDeg }: Pick<SynthRequest, 'width' | 'height' | 'fovDeg'>): string {
  const above = Math.round((height * (180 / fovDeg) - height) / 2)
  const fields: Readonly<Record<string, string | number>> = {
    ProjectionType: 'equirectangular', UsePanoramaViewer: 'True',
    FullPanoWidthPixels: width, FullPanoHeightPixels: height + 2 * above,
    CroppedAreaImageWidthPixels: width, CroppedAreaImageHeightPixels: height,
    CroppedAreaLeftPixels: 0, CroppedAreaTopPixels: above,
  }
  const attributes = Object.entries(fields).map(([name, value]) => `GPano:${name}="${value}"`).join(' ')
  return (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    `<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" ${attributes}/></rdf:RDF></x:xmpmeta>`
  )
}

/** Things of a class that have a number of their own; what comes after is left a group, as Cityscapes does with crowds. */
const MOST_INSTANCES = 1000

/** Cityscapes' instanceIds: labelId * 1000 + number for things, counted by class in the order of their own numbers; labelId for the rest. */
export function cityscapesInstances({ trainIds, instanceIds }: Pick<SyntheticImage, 'trainIds' | 'instanceIds'>): Uint16Array<ArrayBuffer> {
  const labelIds = trainIdsToLabelIds(CITYSCAPES)
  const isThingId = new Set(CITYSCAPES.classes.filter(isThing).map(({ trainId }) => trainId))
  const seen = new Map<number, Set<number>>()
  for (let pixel = 0; pixel < trainIds.length; pixel++) {
    if (instanceIds[pixel] === 0 || !isThingId.has(trainIds[pixel])) continue
    const ofClass = seen.get(trainIds[pixel])
    if (ofClass === undefined) seen.set(trainIds[pixel], new Set([instanceIds[pixel]]))
    else ofClass.add(instanceIds[pixel])
  }
  const numbers = new Map<number, ReadonlyMap<number, number>>()
  for (const [trainId, ids] of seen) numbers.set(trainId, new Map([...ids].toSorted((a, b) => a - b).map((id, index) => [id, index])))
  return Uint16Array.from(trainIds, (trainId, pixel) => {
    const number = numbers.get(trainId)?.get(instanceIds[pixel])
    return number === undefined || number >= MOST_INSTANCES ? labelIds[trainId] : labelIds[trainId] * 1000 + number
  })
}

/** The largest a 16-bit PNG holds: the sky. */
const FARTHEST_CM = 65535

/** Distances along the ray in whole centimetres; what is farther than 655 m is 65535, as the sky. */
export function centimetres(depthM: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(depthM, (metres) => Math.min(FARTHEST_CM, Math.round(metres * 100)))
}
