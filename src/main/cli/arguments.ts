import { InvalidArgumentError } from 'commander'
import { LEAST_TOKEN } from '../hosts/server/access.ts'

/** Parser of a number between two bounds, both allowed. */
export function numberIn(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`)
    }
    return value
  }
}

/** Parser of a whole number between two bounds, both allowed. */
export function integerIn(least: number, most: number): (text: string) => number {
  const parse = numberIn(least, most)
  return (text) => {
    const value = parse(text)
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
    return value
  }
}

/** Parser of an angle above 0, in degrees. */
export function degreesUpTo(most: number): (text: string) => number {
  const parse = numberIn(0, most)
  return (text) => {
    const value = parse(text)
    if (value === 0) throw new InvalidArgumentError(`It must be more than 0 and at most ${most} degrees.`)
    return value
  }
}

/** Parser of a training size: height x width, both divisible by 32. */
export function trainingSize(text: string): { readonly height: number; readonly width: number } {
  const [, height, width] = /^(\d+)x(\d+)$/.exec(text)?.map(Number) ?? []
  if (height === undefined || width === undefined) throw new InvalidArgumentError('Write HEIGHTxWIDTH, for example 512x1024.')
  if (height < 32 || width < 32 || height % 32 !== 0 || width % 32 !== 0) throw new InvalidArgumentError('Both sides must be multiples of 32.')
  return { height, width }
}

/** Parser of an access token of the user's own. */
export function accessToken(text: string): string {
  if (text.length < LEAST_TOKEN) throw new InvalidArgumentError(`A token needs at least ${LEAST_TOKEN} characters: whoever knows it has the workspace.`)
  return text
}
