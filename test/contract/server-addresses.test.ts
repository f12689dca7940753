import type * as Os from 'node:os'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createAccess } from '../../src/main/hosts/server/access.ts'
import { urlHosts } from '../../src/main/hosts/server/addresses.ts'
import { startServer } from '../../src/main/hosts/server/start-server.ts'
import { createFakeHost } from './fake-implementation.ts'
import { ask, openSite, type Site } from './site.ts'

vi.mock('node:os', async (original) => ({ ...await original<typeof Os>(), hostname: vi.fn(() => 'Lab-Box'), networkInterfaces: vi.fn() }))

const at = (family: 'IPv4' | 'IPv6', address: string, internal = false): NetworkInterfaceInfo =>
  ({ family, address, internal, netmask: '', mac: '', cidr: null, ...(family === 'IPv6' ? { scopeid: 0 } : {}) }) as NetworkInterfaceInfo
vi.mocked(networkInterfaces).mockReturnValue({
  lo: [at('IPv4', '127.0.0.1', true), at('IPv6', '::1', true)],
  eth0: [at('IPv6', 'fe80::1'), at('IPv6', '2001:db8::5'), at('IPv4', '192.168.7.5')],
  vpn: [at('IPv4', '10.9.8.7')],
})

let opened: Site | null = null
afterEach(async () => {
  await opened?.close()
  opened = null
})

async function open(host?: string): Promise<Site> {
  return (opened = await openSite({ implementation: createFakeHost().implementation, host }))
}

describe('a server on all addresses', () => {
  test('gives the URL for this machine and those for others, with one token that is spent once', async () => {
    const site = await open('0.0.0.0')
    const urls = site.server.freshUrls().map((url) => new URL(url))
    expect(urls.map(({ host }) => host)).toEqual(['127.0.0.1', '192.168.7.5', '10.9.8.7'].map((address) => `${address}:${site.server.port}`))
    expect(new Set(urls.map(({ search }) => search)).size).toBe(1)
    const enter = async ({ host, pathname, search }: URL): Promise<number> => (await ask(site, pathname + search, { headers: { host } })).status
    expect(await enter(urls[1])).toBe(303)
    expect([await enter(urls[0]), await enter(urls[2])]).toEqual([401, 401])
    for (const { host } of urls) expect((await ask(site, '/session', { headers: { host, cookie: site.browser.cookie } })).status).toBe(204)
  })

  test.each([
    ['lab-box', 204], ['LAB-BOX:80', 204], ['lab-box.local', 204], ['lab-box.cs.example.org:8080', 204], ['localhost', 204],
    ['lab-box-2.local', 403], ['lab-boxx', 403], ['x.lab-box.local', 403], ['evil.example', 403], ['localhost.evil.example', 403],
  ])('a request to the name "%s": %i', async (host, status) => {
    const site = await open('0.0.0.0')
    expect((await ask(site, '/session', { headers: { host, cookie: site.browser.cookie } })).status).toBe(status)
  })

  test('IPv6 addresses are written as URLs want them; a link-local one is of no use', () => {
    expect(urlHosts('::', '::')).toEqual(['127.0.0.1', '192.168.7.5', '10.9.8.7', '[2001:db8::5]'])
  })
})

test('a server on one address gives that one, and the machine\'s name does not lead to a server for this machine alone', async () => {
  expect([urlHosts('localhost', '127.0.0.1'), urlHosts('::1', '::1'), urlHosts('192.168.7.5', '192.168.7.5')]).toEqual([['localhost'], ['[::1]'], ['192.168.7.5']])
  const site = await open()
  expect(site.server.freshUrls()).toHaveLength(1)
  expect((await ask(site, '/session', { headers: { host: 'lab-box.local', cookie: site.browser.cookie } })).status).toBe(403)
})

test.each(['', 'short', '15 characters..'])('the token %j can be guessed: it is refused and nothing is served', async (token) => {
  const refusal = { code: 'bad-input', message: expect.stringMatching(/at least 16 characters.*--token/) }
  expect(() => createAccess({ host: '127.0.0.1', port: 1, token })).toThrow(expect.objectContaining(refusal))
  const options = { implementation: createFakeHost().implementation, artifacts: { open: async () => null }, rendererFolder: '/nowhere' }
  await expect(startServer({ ...options, token })).rejects.toMatchObject(refusal)
  expect(createAccess({ host: '127.0.0.1', port: 1, token: '16 characters...' }).freshToken()).toBe('16 characters...')
})
