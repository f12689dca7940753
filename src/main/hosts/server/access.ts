import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { StudioError } from '../../../contract/errors.ts'

/** Who may talk to the server. All checks are on headers, before a body is read. */
export interface Access {
  /** false: a name that is not this machine's (DNS rebinding) */
  isOurHost(headers: IncomingHttpHeaders): boolean
  /** true when the request names its origin and it is the server's own */
  isOwnOrigin(headers: IncomingHttpHeaders): boolean
  hasSession(headers: IncomingHttpHeaders): boolean
  /** a Set-Cookie value for a token that is right and not spent, else null */
  redeem(token: string): string | null
  /** the token to put into a URL: the user's own, or a new one that works once (the one before it stops working) */
  freshToken(): string
}

const MAX_SESSIONS = 100
/** The shortest token that cannot be guessed over a network. */
export const LEAST_TOKEN = 16
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])
const HOST_HEADER = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i

/**
 * `token` null: a random token that is spent when a browser first uses it. A token of the user's own stays valid and so
 * do the sessions made from it, even across restarts of the server. The port in a Host header is not compared, so that
 * the server can be reached through an SSH tunnel under another port. Throws `bad-input` for a token that can be guessed.
 */
export function createAccess(options: { readonly host: string; readonly port: number; readonly token: string | null }): Access {
  const { host, token } = options
  if (token !== null) requireLongToken(token)
  // cookies do not know ports: two servers on one machine must not overwrite each other's
  const cookieName = `goodsam-${options.port}`
  const lastingSession = token === null ? null : createHmac('sha256', token).update('goodsam session').digest('base64url')
  const sessions = new Set<string>()
  let oneTimeToken: string | null = null

  const bindsLoopback = LOOPBACK.has(host) || host === '::1'
  const isOurName = (name: string): boolean => {
    const plain = name.replace(/^\[|\]$/g, '')
    if (LOOPBACK.has(name) || plain === host.toLowerCase()) return true
    // an address cannot be rebound, only a name can
    return !bindsLoopback && (isIP(plain) !== 0 || isThisMachine(plain))
  }

  return {
    isOurHost({ host: header }) {
      const name = header?.toLowerCase().match(HOST_HEADER)?.[1]
      return name !== undefined && isOurName(name)
    },
    isOwnOrigin({ origin, host: header }) {
      return header !== undefined && (origin === `http://${header}` || origin === `https://${header}`)
    },
    hasSession({ cookie }) {
      for (const pair of cookie?.split(';') ?? []) {
        const [name, value] = pair.trim().split('=', 2)
        if (name !== cookieName || value === undefined) continue
        if (lastingSession === null ? sessions.has(value) : equal(value, lastingSession)) return true
      }
      return false
    },
    redeem(candidate) {
      const attributes = 'Path=/; HttpOnly; SameSite=Strict'
      if (token !== null) return equal(candidate, token) ? `${cookieName}=${lastingSession}; ${attributes}` : null
      if (oneTimeToken === null || !equal(candidate, oneTimeToken)) return null
      oneTimeToken = null
      const session = randomBytes(32).toString('base64url')
      sessions.add(session)
      for (const oldest of sessions) {
        if (sessions.size <= MAX_SESSIONS) break
        sessions.delete(oldest)
      }
      return `${cookieName}=${session}; ${attributes}`
    },
    freshToken() {
      if (token !== null) return token
      oneTimeToken = randomBytes(32).toString('base64url')
      return oneTimeToken
    },
  }
}

/** Throws `bad-input`. */
export function requireLongToken(token: string): void {
  if (token.length >= LEAST_TOKEN) return
  throw new StudioError('bad-input', `A token needs at least ${LEAST_TOKEN} characters: whoever knows it has the workspace. Give a longer one with --token, or none for one that works once.`)
}

/** The machine's own name, alone or in a domain: box, box.local, box.lab.example. */
function isThisMachine(name: string): boolean {
  const own = hostname().toLowerCase()
  // a machine that was given no name must not answer to everybody's
  return name === own || (!LOOPBACK.has(own) && name.startsWith(`${own}.`))
}

/** in a time that does not depend on where they differ */
function equal(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
