import type { z } from 'zod'
import { fromWireError, StudioError } from './errors.ts'
import { procedures, type Client, type ProcedureName } from './procedures.ts'
import {
  checkRequestSize, describeIssues, hostMessageSchema, type ClientMessage, type Port, type ReopeningPort,
} from './protocol.ts'

export interface ClientOptions {
  /** how long a call waits for a link that is down before it is given up, milliseconds; default 10 000 */
  readonly waitForLinkMs?: number
}

interface PendingCall {
  readonly name: ProcedureName
  readonly settle: (output: unknown) => void
  readonly fail: (error: StudioError) => void
}

interface Subscriber {
  readonly name: ProcedureName
  readonly input: unknown
  readonly onEvent: (event: unknown) => void
  readonly onState: ((state: 'live' | 'lost') => void) | undefined
  /** on the present connection; null while there is none */
  id: number | null
  state: 'live' | 'lost' | null
}

/**
 * The contract over a link. A call fails with the host's StudioError, with "cancelled" when its signal aborts, or with
 * "disconnected" when the link breaks before the answer; a call made while the link is down waits for it a while.
 * Subscriptions survive a broken link: they are made again when it comes back (events of the time between are lost,
 * so read the state anew on "live").
 */
export function createClient(port: Port | ReopeningPort, options: ClientOptions = {}): Client {
  const waitForLinkMs = options.waitForLinkMs ?? 10_000
  const pending = new Map<number, PendingCall>()
  const subscribers = new Set<Subscriber>()
  const byId = new Map<number, Subscriber>()
  const held = new Set<() => void>()
  const reopens = 'onOpen' in port
  let open = reopens ? port.isOpen() : true
  let wasOpen = open
  let nextId = 1

  const send = (message: ClientMessage): void => {
    if (open) port.send(message)
  }
  const setState = (subscriber: Subscriber, state: 'live' | 'lost'): void => {
    if (subscriber.state === state) return
    subscriber.state = state
    subscriber.onState?.(state)
  }

  const startSubscription = (subscriber: Subscriber): void => {
    const id = nextId++
    subscriber.id = id
    byId.set(id, subscriber)
    send({ type: 'subscribe', id, name: subscriber.name, input: subscriber.input })
  }
  const loseSubscription = (subscriber: Subscriber): void => {
    if (subscriber.id !== null) byId.delete(subscriber.id)
    subscriber.id = null
    setState(subscriber, 'lost')
  }

  const deliver = (id: number, event: unknown): void => {
    const subscriber = byId.get(id)
    if (subscriber === undefined) return
    const parsed = (procedures[subscriber.name].output as z.ZodType).safeParse(event)
    if (!parsed.success) {
      // a host of another version: better no events than wrong ones
      send({ type: 'unsubscribe', id })
      return loseSubscription(subscriber)
    }
    try {
      subscriber.onEvent(parsed.data)
    } finally {
      // credit for an event is given back when it was handled, so a busy window is sent less
      send({ type: 'ack', id, count: 1 })
    }
  }
  const receive = (raw: unknown): void => {
    const parsed = hostMessageSchema.safeParse(raw)
    if (!parsed.success) return
    const message = parsed.data
    switch (message.type) {
      case 'result': {
        const call = pending.get(message.id)
        if (call === undefined) return
        try {
          call.settle(parseOutput(call.name, message.output))
        } catch (error) {
          call.fail(error instanceof StudioError ? error : new StudioError('internal', String(error)))
        }
        return
      }
      case 'error': {
        const subscriber = byId.get(message.id)
        if (subscriber !== undefined) loseSubscription(subscriber)
        return pending.get(message.id)?.fail(fromWireError(message.error))
      }
      case 'subscribed': {
        const subscriber = byId.get(message.id)
        if (subscriber !== undefined) setState(subscriber, 'live')
        return
      }
      case 'event': return deliver(message.id, message.event)
      case 'ended': {
        const subscriber = byId.get(message.id)
        if (subscriber !== undefined) loseSubscription(subscriber)
        return
      }
      case 'pong': return
    }
  }

  port.onMessage(receive)
  port.onClose(() => {
    open = false
    for (const subscriber of subscribers) loseSubscription(subscriber)
    for (const call of pending.values()) {
      call.fail(new StudioError('disconnected', `The connection to the host broke before it answered ${call.name}: it may or may not have been done. Look at the present state, then try again.`))
    }
  })
  if (reopens) {
    port.onOpen(() => {
      open = true
      wasOpen = true
      for (const subscriber of subscribers) startSubscription(subscriber)
      for (const start of held) start()
    })
  }

  /** Runs `start` as soon as the link is open, or `giveUp` when it does not come back in time. Returns the way out. */
  const whenOpen = (start: () => void, giveUp: () => void): (() => void) => {
    if (open) {
      start()
      return nothing
    }
    if (!reopens) {
      giveUp()
      return nothing
    }
    const release = (): void => {
      clearTimeout(timer)
      held.delete(resume)
    }
    const resume = (): void => {
      release()
      start()
    }
    const timer = setTimeout(() => {
      release()
      giveUp()
    }, waitForLinkMs)
    held.add(resume)
    return release
  }

  const call = (name: ProcedureName, input: unknown, signal: AbortSignal | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(cancelled())
      const id = nextId++
      let leaveQueue = nothing
      const finish = (): void => {
        leaveQueue()
        pending.delete(id)
        signal?.removeEventListener('abort', onAbort)
      }
      const fail = (error: unknown): void => {
        finish()
        reject(error)
      }
      const onAbort = (): void => {
        if (pending.has(id)) send({ type: 'cancel', id })
        fail(cancelled())
      }
      const settle = (output: unknown): void => {
        finish()
        resolve(output)
      }
      const start = (): void => {
        pending.set(id, { name, settle, fail })
        const message: ClientMessage = { type: 'call', id, name, input }
        try {
          checkRequestSize(message, name)
          send(message)
        } catch (error) {
          fail(error instanceof StudioError ? error : new StudioError('bad-input', `${name} cannot be sent: ${String(error)}`, { cause: error }))
        }
      }
      signal?.addEventListener('abort', onAbort)
      leaveQueue = whenOpen(start, () => fail(new StudioError('disconnected', `There is no connection to the host, so ${name} was not asked. Check that the host still runs, then try again.`)))
    })

  return {
    call: ((name: ProcedureName, input: unknown, callOptions?: { signal?: AbortSignal }) =>
      call(name, input, callOptions?.signal)) as Client['call'],
    subscribe: ((name: ProcedureName, input: unknown, onEvent: (event: unknown) => void, onState?: (state: 'live' | 'lost') => void) => {
      const subscriber: Subscriber = { name, input, onEvent, onState, id: null, state: null }
      subscribers.add(subscriber)
      if (open) startSubscription(subscriber)
      // a link that comes up for the first time has lost nothing
      else if (wasOpen) setState(subscriber, 'lost')
      return () => {
        subscribers.delete(subscriber)
        if (subscriber.id === null) return
        byId.delete(subscriber.id)
        send({ type: 'unsubscribe', id: subscriber.id })
        subscriber.id = null
      }
    }) as Client['subscribe'],
  }
}

function nothing(): void {}

function cancelled(): StudioError {
  return new StudioError('cancelled', 'Cancelled.')
}

function parseOutput(name: ProcedureName, output: unknown): unknown {
  const parsed = (procedures[name].output as z.ZodType).safeParse(output)
  if (parsed.success) return parsed.data
  throw new StudioError('internal', `The host answered ${name} in a way this window does not understand (${describeIssues(parsed.error)}): reload the window; if it happens again, please report it.`)
}
