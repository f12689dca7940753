import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

const UNSPECIFIED = new Set(['0.0.0.0', '::'])

/**
 * What to write into URLs for a server that was told to listen on `host` and is bound to the address `bound`: the best
 * for this machine first. A server on all addresses is reached from other machines by those of the network interfaces.
 */
export function urlHosts(host: string, bound: string): readonly string[] {
  if (!UNSPECIFIED.has(bound)) return [isIP(host) === 6 ? `[${host}]` : host]
  const reachable = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    // a link-local IPv6 address needs the name of the interface, which no browser takes
    .filter(({ internal, family, address }) => !internal && (family === 'IPv4' || (bound === '::' && !/^fe[89ab]/i.test(address))))
    .toSorted((a, b) => a.family.localeCompare(b.family))
  return ['127.0.0.1', ...reachable.map(({ family, address }) => (family === 'IPv6' ? `[${address}]` : address))]
}
