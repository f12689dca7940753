import { z } from 'zod'
import { ERROR_CODES, StudioError, type WireError } from './errors.ts'
import './schema-runtime.ts'

/**
 * What travels on a link between a window (or a script) and its host, whatever the link is. Each side parses what it
 * receives. Ids are chosen by the client and are unique on one connection.
 *
 *   call -> result | error            cancel ends a call early (its error then has the code "cancelled")
 *   subscribe -> subscribed, event*   ack gives credit back, unsubscribe ends it
 *   ended | error                     the host ended the subscription
 *   ping -> pong                      shows that the other side's event loop lives, not only its socket
 */

const idSchema = z.int().min(0)

/** JSON drops undefined, so an absent payload and an undefined one are the same. */
const payloadSchema = z.unknown().optional()

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id: idSchema, name: z.string(), input: payloadSchema }),
  z.object({ type: z.literal('cancel'), id: idSchema }),
  z.object({ type: z.literal('subscribe'), id: idSchema, name: z.string(), input: payloadSchema }),
  z.object({ type: z.literal('ack'), id: idSchema, count: z.int().min(1) }),
  z.object({ type: z.literal('unsubscribe'), id: idSchema }),
  z.object({ type: z.literal('ping') }),
])
export type ClientMessage = z.infer<typeof clientMessageSchema>

const wireErrorSchema: z.ZodType<WireError> = z.object({ code: z.enum(ERROR_CODES), message: z.string() })

export const hostMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('result'), id: idSchema, output: payloadSchema }),
  z.object({ type: z.literal('error'), id: idSchema, error: wireErrorSchema }),
  z.object({ type: z.literal('subscribed'), id: idSchema }),
  z.object({ type: z.literal('event'), id: idSchema, event: payloadSchema }),
  z.object({ type: z.literal('ended'), id: idSchema }),
  z.object({ type: z.literal('pong') }),
])
export type HostMessage = z.infer<typeof hostMessageSchema>

/**
 * One end of a link. Messages arrive whole and in order, or the link closes. `send` on a closed link does nothing; it
 * throws a StudioError when the message cannot travel.
 */
export interface Port {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
}

/** A client's end of a link that comes back by itself: close and open alternate. */
export interface ReopeningPort extends Port {
  isOpen(): boolean
  onOpen(listener: () => void): void
}

/** Characters of JSON that one message of a client may have. Pixels and files travel elsewhere. */
export const MAX_REQUEST_CHARS = 4 * 1024 * 1024

/** Throws bad-input when a client's message is larger than a host accepts. Checked on both sides. */
export function checkRequestSize(message: unknown, subject: string): void {
  const chars = JSON.stringify(message)?.length ?? 0
  if (chars <= MAX_REQUEST_CHARS) return
  throw new StudioError(
    'bad-input',
    `The request ${subject} is too large (${(chars / 1e6).toFixed(1)} million characters; at most ${(MAX_REQUEST_CHARS / 1e6).toFixed(1)}): split it into smaller ones.`,
  )
}

/** One sentence about what does not fit, naming the fields: `"offset": too small: expected number
 * to be >=0; "limit": is missing`. At most three. */
export function describeIssues(error: z.ZodError): string {
  const shown = error.issues.slice(0, 3).map((issue) => {
    const field = issue.path.map(String).join('.')
    const missing = issue.message.endsWith('received undefined')
    const text = missing ? 'is missing' : issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
    return field === '' ? text : `"${field}": ${text}`
  })
  const more = error.issues.length - shown.length
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
