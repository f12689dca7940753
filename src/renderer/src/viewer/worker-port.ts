/** One end of a conversation between the page and a worker, with the messages' types. */
export interface WorkerPort<Received, Sent> {
  listen(onMessage: (message: Received) => void): void
  send(message: Sent, transfer?: Transferable[]): void
}

/** The page's end. */
export function portToWorker<Received, Sent>(worker: Worker): WorkerPort<Received, Sent> {
  return portOver(worker)
}

/** The worker's end. */
export function portToPage<Received, Sent>(): WorkerPort<Received, Sent> {
  return portOver(globalThis as unknown as Worker)
}

function portOver<Received, Sent>(target: Worker): WorkerPort<Received, Sent> {
  return {
    listen: (onMessage) => target.addEventListener('message', (event: MessageEvent<Received>) => onMessage(event.data)),
    send: (message, transfer = []) => target.postMessage(message, transfer),
  }
}
