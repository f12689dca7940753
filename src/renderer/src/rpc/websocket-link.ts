import type { ReopeningPort } from '../../../contract/protocol.ts'

/** The part of a WebSocket that a link needs; the browser's fits, and so does that of the package `ws`. */
export interface SocketLike {
  send(text: string): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export type LinkState = 'connecting' | 'open' | 'lost' | 'unauthorized'

export interface WebSocketLinkOptions {
  readonly open: () => SocketLike
  /** asked when a connection could not be made; false: this browser has no session (any more) */
  readonly isAuthorized?: () => Promise<boolean>
  /** milliseconds */
  readonly firstRetryMs?: number
  readonly longestRetryMs?: number
  /** after this long without a message the host is asked for a sign of life, and again as long to give it */
  readonly silenceMs?: number
}

export interface WebSocketLink {
  readonly port: ReopeningPort
  state(): LinkState
  onState(listener: (state: LinkState) => void): () => void
  /** does not wait for the next attempt: the network is back, the window is looked at again */
  retryNow(): void
  /** closes for good */
  stop(): void
}

/**
 * A link to the server that comes back by itself: attempts after 0.25 s, 0.5 s, ... at most every 10 s, each spread by
 * chance so that many windows do not come back at once.
 */
export function createWebSocketLink(options: WebSocketLinkOptions): WebSocketLink {
  const { firstRetryMs = 250, longestRetryMs = 10_000, silenceMs = 15_000 } = options
  const onMessage: ((message: unknown) => void)[] = []
  const onOpen: (() => void)[] = []
  const onClose: (() => void)[] = []
  const onState = new Set<(state: LinkState) => void>()
  let state: LinkState = 'connecting'
  let socket: SocketLike | null = null
  let isOpen = false
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let heartbeat: ReturnType<typeof setTimeout> | undefined

  const setState = (next: LinkState): void => {
    if (state === next) return
    state = next
    for (const listener of onState) listener(next)
  }

  const connect = (): void => {
    clearTimeout(retry)
    const attempt = options.open()
    socket = attempt
    attempt.addEventListener('open', () => {
      if (socket !== attempt) return
      isOpen = true
      failures = 0
      listenForSilence(false)
      setState('open')
      for (const listener of onOpen) listener()
    })
    attempt.addEventListener('message', ({ data }) => {
      if (socket !== attempt) return
      listenForSilence(false)
      const message: unknown = JSON.parse(String(data))
      for (const listener of onMessage) listener(message)
    })
    attempt.addEventListener('close', () => drop(attempt))
    // 'close' follows; without a listener some implementations would throw
    attempt.addEventListener('error', () => {})
  }

  /** The connection is over, whether the socket knows or not: a dead network gives no closing handshake. */
  const drop = (dropped: SocketLike): void => {
    if (socket !== dropped) return
    socket = null
    clearTimeout(heartbeat)
    dropped.close()
    const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** failures)
    failures++
    retry = setTimeout(connect, wait * (0.5 + Math.random() / 2))
    if (isOpen) {
      isOpen = false
      setState('lost')
      for (const listener of onClose) listener()
    } else {
      void explainFailure()
    }
  }
  const explainFailure = async (): Promise<void> => {
    const authorized = await (options.isAuthorized?.() ?? true)
    if (!isOpen && socket === null) setState(authorized ? 'lost' : 'unauthorized')
  }

  const listenForSilence = (asked: boolean): void => {
    clearTimeout(heartbeat)
    heartbeat = setTimeout(() => {
      if (socket === null) return
      if (asked) return drop(socket)
      socket.send(JSON.stringify({ type: 'ping' }))
      listenForSilence(true)
    }, silenceMs)
  }

  connect()
  return {
    port: {
      isOpen: () => isOpen,
      send(message) {
        if (isOpen) socket?.send(JSON.stringify(message))
      },
      onMessage: (listener) => void onMessage.push(listener),
      onOpen: (listener) => void onOpen.push(listener),
      onClose: (listener) => void onClose.push(listener),
    },
    state: () => state,
    onState(listener) {
      onState.add(listener)
      return () => void onState.delete(listener)
    },
    retryNow() {
      if (socket === null) connect()
    },
    stop() {
      clearTimeout(retry)
      clearTimeout(heartbeat)
      const last = socket
      socket = null
      last?.close()
      if (!isOpen) return
      isOpen = false
      for (const listener of onClose) listener()
    },
  }
}
