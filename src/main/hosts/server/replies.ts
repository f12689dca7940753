import type { ServerResponse } from 'node:http'
import { toWireError, type ErrorCode } from '../../../contract/errors.ts'

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  'bad-input': 400,
  unauthorized: 401,
  'not-found': 404,
  conflict: 409,
  storage: 507,
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}

/** Answers with the error's wire form; the status follows from its code unless given. */
export function sendError(response: ServerResponse, error: unknown, status?: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const wire = toWireError(error)
  sendJson(response, status ?? STATUS[wire.code] ?? 500, wire)
}

/** A page for people: nothing but a sentence, no script. */
export function sendPage(response: ServerResponse, status: number, options: { readonly text: string; readonly goTo?: string }): void {
  const refresh = options.goTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${options.goTo}">`
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8">${refresh}<title>GoodSAM Studio</title><p>${options.text}</p></html>`)
}
