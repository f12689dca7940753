import type { z } from 'zod'
import { StudioError, toWireError } from './errors.ts'
import { createEventFlow, type EventFlow } from './event-flow.ts'
import {
  procedures, type CallContext, type CallName, type Implementation, type ProcedureName, type SubscriptionName,
} from './procedures.ts'
import { checkRequestSize, clientMessageSchema, describeIssues, type HostMessage, type Port } from './protocol.ts'

export interface DispatcherOptions {
  /** events of one subscription that may be under way unacknowledged; default 32 */
  readonly eventWindow?: number
  /** hears of everything that is answered with the code "internal", for the log */
  readonly onBug?: (error: unknown, procedure: string) => void
}

const DEFAULT_EVENT_WINDOW = 32
const MAX_PENDING_CALLS = 1000
const MAX_SUBSCRIPTIONS = 200

/** The same procedures with their types forgotten: inputs and outputs are parsed on both sides of each use. */
type UntypedCall = (input: unknown, context: CallContext) => unknown
type UntypedSubscription = (input: unknown, emit: (event: unknown) => void, signal: AbortSignal) => void

interface LiveSubscription {
  readonly flow: EventFlow<unknown>
  readonly controller: AbortController
}

/**
 * Answers one client: checks inputs and outputs against the schemas, runs calls that the client can cancel, and sends
 * events no faster than the client handles them. Everything ends when the link closes or when the returned function is
 * called (subscriptions are then told "ended", running calls are aborted).
 */
export function serveContract(implementation: Implementation, port: Port, options: DispatcherOptions = {}): () => void {
  const calls = new Map<number, AbortController>()
  const subscriptions = new Map<number, LiveSubscription>()
  let closed = false

  const send = (message: HostMessage): void => {
    if (!closed) port.send(message)
  }
  const sendError = (id: number, error: unknown, procedure: string): void => {
    const wire = toWireError(error)
    if (wire.code === 'internal') options.onBug?.(error, procedure)
    send({ type: 'error', id, error: wire })
  }

  const call = async (id: number, name: string, input: unknown): Promise<void> => {
    const controller = new AbortController()
    calls.set(id, controller)
    try {
      if (calls.size > MAX_PENDING_CALLS) throw new StudioError('conflict', `More than ${MAX_PENDING_CALLS} requests are waiting: wait for answers before asking more.`)
      const known = findProcedure(name, 'call')
      const parsed = parseInput(known, input)
      const run = implementation[known] as UntypedCall
      const answer = await run(parsed, { signal: controller.signal })
      const output = parseOutput(known, answer)
      send({ type: 'result', id, output })
    } catch (error) {
      sendError(id, error, name)
    } finally {
      calls.delete(id)
    }
  }

  const endSubscription = (id: number): void => {
    const subscription = subscriptions.get(id)
    subscriptions.delete(id)
    subscription?.controller.abort(new StudioError('cancelled', 'Unsubscribed.'))
  }
  const failSubscription = (id: number, error: unknown, name: string): void => {
    endSubscription(id)
    sendError(id, error, name)
  }
  const subscribe = (id: number, name: string, input: unknown): void => {
    try {
      if (subscriptions.size >= MAX_SUBSCRIPTIONS) throw new StudioError('conflict', `More than ${MAX_SUBSCRIPTIONS} subscriptions on one link: end some first.`)
      const known = findProcedure(name, 'subscription')
      const parsed = parseInput(known, input)
      const controller = new AbortController()
      const flow = createEventFlow<unknown>({
        window: options.eventWindow ?? DEFAULT_EVENT_WINDOW,
        keyOf: procedures[known].conflateBy as (event: unknown) => string,
        deliver: (event) => send({ type: 'event', id, event: parseOutput(known, event) }),
      })
      subscriptions.set(id, { flow, controller })
      send({ type: 'subscribed', id })
      const run = implementation[known] as UntypedSubscription
      const emit = (event: unknown): void => {
        if (controller.signal.aborted) return
        // the emitter is not to blame for what one subscriber cannot receive
        try {
          flow.push(event)
        } catch (error) {
          failSubscription(id, error, name)
        }
      }
      run(parsed, emit, controller.signal)
    } catch (error) {
      failSubscription(id, error, name)
    }
  }
  const acknowledge = (id: number, count: number): void => {
    try {
      subscriptions.get(id)?.flow.acknowledge(count)
    } catch (error) {
      failSubscription(id, error, 'a subscription')
    }
  }

  const receive = (raw: unknown): void => {
    if (closed) return
    const message = clientMessageSchema.safeParse(raw)
    if (!message.success) {
      const id = readId(raw)
      const text = `The message does not follow the protocol: ${describeIssues(message.error)}. Reload the window.`
      if (id !== null) sendError(id, new StudioError('bad-input', text), 'a message')
      return
    }
    const { data } = message
    switch (data.type) {
      case 'call':
      case 'subscribe': {
        try {
          checkRequestSize(raw, data.name)
          if (calls.has(data.id) || subscriptions.has(data.id)) throw new StudioError('bad-input', `The message id ${data.id} is in use on this link.`)
        } catch (error) {
          return sendError(data.id, error, data.name)
        }
        if (data.type === 'call') void call(data.id, data.name, data.input)
        else subscribe(data.id, data.name, data.input)
        return
      }
      case 'cancel': return calls.get(data.id)?.abort(new StudioError('cancelled', 'Cancelled.'))
      case 'ack': return acknowledge(data.id, data.count)
      case 'unsubscribe': return endSubscription(data.id)
      case 'ping': return send({ type: 'pong' })
    }
  }

  const close = (): void => {
    if (closed) return
    for (const id of subscriptions.keys()) {
      send({ type: 'ended', id })
      endSubscription(id)
    }
    const reason = new StudioError('cancelled', 'The window was closed or lost its connection.')
    for (const controller of calls.values()) controller.abort(reason)
    closed = true
  }
  port.onMessage(receive)
  port.onClose(close)
  return close
}

function findProcedure(name: string, kind: 'call'): CallName
function findProcedure(name: string, kind: 'subscription'): SubscriptionName
function findProcedure(name: string, kind: 'call' | 'subscription'): ProcedureName {
  const known = Object.hasOwn(procedures, name) ? (name as ProcedureName) : null
  if (known === null) throw new StudioError('not-found', `There is no procedure "${name}". The window and the host may be of different versions: reload the window.`)
  const isSubscription = procedures[known].kind === 'subscription'
  if (isSubscription !== (kind === 'subscription')) {
    throw new StudioError('bad-input', isSubscription ? `"${name}" is a subscription: subscribe to it.` : `"${name}" is not a subscription: call it.`)
  }
  return known
}

function parseInput(name: ProcedureName, input: unknown): unknown {
  // a procedure without parameters may be called without an input
  const parsed = (procedures[name].input as z.ZodType).safeParse(input ?? {})
  if (parsed.success) return parsed.data
  throw new StudioError('bad-input', `${name} cannot take this input: ${describeIssues(parsed.error)}.`)
}

function parseOutput(name: ProcedureName, output: unknown): unknown {
  const parsed = (procedures[name].output as z.ZodType).safeParse(output)
  if (parsed.success) return parsed.data
  // not a StudioError: the host itself is at fault
  throw new Error(`the answer of ${name} does not fit the contract: ${describeIssues(parsed.error)}.`)
}

function readId(raw: unknown): number | null {
  const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : null
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null
}
