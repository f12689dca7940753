/** The app's own scheme: goodsam://app/ is the window, goodsam://artifact/<hash> a file of the workspace. */
export const SCHEME = 'goodsam'
export const APP_ORIGIN = `${SCHEME}://app`
export const ARTIFACT_ORIGIN = `${SCHEME}://artifact`
export const WINDOW_URL = `${APP_ORIGIN}/`

/** Whether a frame with this URL may talk to the host. */
export function isOwnPage(url: string): boolean {
  return url === APP_ORIGIN || url.startsWith(WINDOW_URL)
}
