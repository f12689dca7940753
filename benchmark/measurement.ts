import { z } from 'zod'

/** One measurement: a row with one seed. Shares are 0..1, as the product gives them. */
export const measurementSchema = z.object({
  /** says all that made it (row-cache.ts) */
  key: z.string(),
  name: z.string(),
  seed: z.int().nullable(),
  miou: z.number(),
  pixelAccuracy: z.number(),
  solidAngleMiou: z.number(),
  boundaryF: z.number().nullable(),
  seam: z.number().nullable(),
  latitude: z.array(z.object({ fromDeg: z.number(), toDeg: z.number(), miou: z.number().nullable() })),
  perClass: z.array(z.object({ trainId: z.int(), name: z.string(), iou: z.number().nullable() })),
  panoramas: z.int(),
  /** numbers that are learned, of all networks that it takes; null: none */
  parameters: z.number().nullable(),
  /** null: not measured, it came out of a cache */
  msPerPanorama: z.number().nullable(),
  /** that the measurement took, of the attempt that ended it */
  seconds: z.number(),
  at: z.string(),
  machine: z.string(),
  /** what made it, for people: seeds, hashes, configuration */
  made: z.record(z.string(), z.unknown()),
})
export type Measurement = z.infer<typeof measurementSchema>

/** What a measurement finds out. */
export type Finding = Pick<Measurement,
  'miou' | 'pixelAccuracy' | 'solidAngleMiou' | 'boundaryF' | 'seam' | 'latitude' | 'perClass' | 'panoramas' | 'parameters' | 'msPerPanorama'>
