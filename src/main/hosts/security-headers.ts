/**
 * What every answer of either host carries. The window loads nothing from elsewhere; it is cross-origin isolated so
 * that its workers may share memory; nothing may frame it.
 */
export function securityHeaders(options: { readonly artifactOrigin?: string } = {}): Readonly<Record<string, string>> {
  const artifacts = options.artifactOrigin === undefined ? '' : ` ${options.artifactOrigin}`
  const policy = [
    "default-src 'self'",
    `img-src 'self' blob: data:${artifacts}`,
    `connect-src 'self'${artifacts}`,
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), payment=()',
  }
}
