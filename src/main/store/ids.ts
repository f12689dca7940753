import { randomBytes } from 'node:crypto'

export type IdPrefix = 'ds' | 'pano' | 'model' | 'run' | 'job' | 'eval' | 'distil' | 'student' | 'checkpoint' | 'export' | 'tour'

/** Crockford's base 32 in lower case: no letter that is read as a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new id such as `run_7c1m0e9rk2xt`: 60 random bits, so a million of them clash with a chance of one in two million. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${Array.from(randomBytes(12), (byte) => ALPHABET[byte & 31]).join('')}`
}
