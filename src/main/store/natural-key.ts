/** A key that sorts names as people count: digits padded, case folded, so "frame 2" comes before "Frame 10". */
export function naturalKey(name: string): string {
  return name.normalize('NFC').toLocaleLowerCase('en').replaceAll(/\d+/g, (digits) => digits.padStart(12, '0'))
}
