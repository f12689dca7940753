import { InvalidArgumentError } from 'commander'

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
