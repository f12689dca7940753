import { describe, expect, it } from 'vitest'
import { guessFromAspect, readGPano, resolveProjection } from './import-projection.ts'

const asAttributes = (fields: Record<string, string | number>, prefix = 'GPano') =>
  `<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
   <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="someone"/>
   <rdf:Description rdf:about="" xmlns:${prefix}="http://ns.google.com/photos/1.0/panorama/"
     ${Object.entries(fields).map(([name, value]) => `${prefix}:${name}="${value}"`).join(' ')}/></rdf:RDF></x:xmpmeta><?xpacket end='r'?>`
const asElements = (fields: Record<string, string | number>) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
   <rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/">
     ${Object.entries(fields).map(([name, value]) => `<GPano:${name}>${value}</GPano:${name}>`).join('\n')}</rdf:Description></rdf:RDF></x:xmpmeta>`

/** a sphere of 8000 x 4000 of which the columns 1000..5000 and the rows 500..3000 were kept */
const CROP = {
  ProjectionType: 'equirectangular', FullPanoWidthPixels: 8000, FullPanoHeightPixels: 4000,
  CroppedAreaImageWidthPixels: 4000, CroppedAreaImageHeightPixels: 2500, CroppedAreaLeftPixels: 1000, CroppedAreaTopPixels: 500,
}
const resolve = (widthPx: number, heightPx: number, more: Partial<Parameters<typeof resolveProjection>[0]> = {}) =>
  resolveProjection({ widthPx, heightPx, xmp: null, hfovDeg: null, vfovDeg: null, ...more }).projection

describe('a guess from the aspect ratio', () => {
  it.each([
    [2048, 1024, [360, 180, true]],
    [4095, 2048, [360, 180, true]],
    [2048, 400, [360, 70.3125, true]], // DensePASS
    [2048, 692, [360, 121.640625, true]], // PASS
    [1024, 1024, [180, 180, false]],
    [1000, 2000, [90, 180, false]],
  ] as const)('%i x %i', (width, height, [hfovDeg, vfovDeg, cyclic]) => {
    expect(guessFromAspect(width, height)).toEqual({ kind: 'equirectangular', hfovDeg, vfovDeg, horizonOffsetPx: 0, cyclic, source: 'aspect' })
  })
})

describe('GPano metadata', () => {
  it.each([['attributes', asAttributes(CROP)], ['elements', asElements(CROP)], ['another prefix', asAttributes(CROP, 'pano')]])('as %s', (_, xmp) => {
    // rows 500..3000: the horizon (row 2000) is row 1500 of the crop, 250 below its middle
    expect(resolve(4000, 2500, { xmp })).toEqual({
      kind: 'equirectangular', hfovDeg: 180, vfovDeg: 112.5, horizonOffsetPx: 250, cyclic: false, source: 'gpano',
    })
  })

  it('angles stay when the image was resized later, pixels scale', () => {
    expect(resolve(2000, 1250, { xmp: asElements(CROP) })).toMatchObject({ hfovDeg: 180, vfovDeg: 112.5, horizonOffsetPx: 125 })
  })

  it('a full turn with the poles cut off is cyclic', () => {
    const xmp = asAttributes({ ...CROP, CroppedAreaImageWidthPixels: 8000, CroppedAreaLeftPixels: 0, CroppedAreaImageHeightPixels: 3000 })
    expect(resolve(8000, 3000, { xmp })).toMatchObject({ hfovDeg: 360, vfovDeg: 135, cyclic: true, source: 'gpano' })
  })

  it('a width one pixel short of the full turn is a full turn', () => {
    const xmp = asAttributes({ ...CROP, CroppedAreaImageWidthPixels: 7999, CroppedAreaImageHeightPixels: 4000, CroppedAreaTopPixels: 0 })
    expect(resolve(7999, 4000, { xmp })).toMatchObject({ hfovDeg: 360, cyclic: true })
  })

  it('metadata of another crop is not believed, with a warning', () => {
    const { projection, warnings } = readGPano(asElements(CROP), { widthPx: 2048, heightPx: 1024 })
    expect(projection).toBeNull()
    expect(warnings).toEqual([expect.stringContaining('does not fit its 2048 x 1024 pixels')])
    expect(resolve(2048, 1024, { xmp: asElements(CROP) })).toMatchObject({ hfovDeg: 360, source: 'aspect' })
  })

  it('another projection is warned about', () => {
    const { warnings } = readGPano(asElements({ ...CROP, ProjectionType: 'cylindrical' }), { widthPx: 4000, heightPx: 2500 })
    expect(warnings).toEqual([expect.stringContaining('"cylindrical"')])
  })

  it.each([
    ['no GPano fields', asElements({})],
    ['the type alone', asElements({ ProjectionType: 'equirectangular' })],
    ['fields that are no numbers', asElements({ ...CROP, FullPanoWidthPixels: 'wide' })],
  ])('without enough of it the aspect ratio decides: %s', (_, xmp) => {
    const { projection, warnings } = resolveProjection({ widthPx: 2048, heightPx: 1024, xmp, hfovDeg: null, vfovDeg: null })
    expect(projection.source).toBe('aspect')
    expect(warnings).toEqual([])
  })

  it.each([['not XML', 'x < y & z'], ['an entity bomb', `<!DOCTYPE a [<!ENTITY b "${'c'.repeat(1000)}">]><a>&b;</a>`], ['too long', `<a>${' '.repeat(2_000_000)}</a>`]])(
    'what is %s does no harm', (_, xmp) => {
      expect(resolve(2048, 1024, { xmp })).toMatchObject({ hfovDeg: 360, source: 'aspect' })
    })
})

describe('what a person says', () => {
  it('wins over metadata and aspect', () => {
    expect(resolve(4000, 2500, { xmp: asElements(CROP), hfovDeg: 200, vfovDeg: 100 })).toEqual({
      kind: 'equirectangular', hfovDeg: 200, vfovDeg: 100, horizonOffsetPx: 250, cyclic: false, source: 'user',
    })
    expect(resolve(2048, 1024, { hfovDeg: 360, vfovDeg: 120 })).toMatchObject({ hfovDeg: 360, vfovDeg: 120, cyclic: true, source: 'user' })
  })

  it('the other angle follows from equal angular resolution', () => {
    expect(resolve(1000, 500, { hfovDeg: 180 })).toMatchObject({ hfovDeg: 180, vfovDeg: 90, cyclic: false })
    expect(resolve(2000, 500, { vfovDeg: 45 })).toMatchObject({ hfovDeg: 180, vfovDeg: 45, cyclic: false })
  })

  it('the other angle stays as the file says', () => {
    expect(resolve(4000, 2500, { xmp: asElements(CROP), hfovDeg: 170 })).toMatchObject({ hfovDeg: 170, vfovDeg: 112.5 })
  })
})
