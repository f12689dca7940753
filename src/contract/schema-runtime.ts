import { z } from 'zod'

/**
 * Imported before any schema is made. Compiled parsers need eval, which a window's policy forbids; even asking whether it
 * is allowed is reported there as a violation.
 */
if (typeof document !== 'undefined') z.config({ jitless: true })
