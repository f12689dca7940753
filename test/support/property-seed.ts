import * as fc from 'fast-check'

/** Property tests try the same cases on every machine; GOODSAM_SEED tries others. */
fc.configureGlobal({ seed: Number(process.env['GOODSAM_SEED'] ?? 2403) })
