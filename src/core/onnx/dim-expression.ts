/**
 * Symbolic dimensions in one canonical form, so that equal sizes have equal texts: a sum of products of names and of
 * quotients that do not come out even. "((2 * height) / 2 + 3) / 4" is "(height + 3) / 4"; quotients round down.
 */
import { ModelError } from './errors.ts'

/** A name, or a quotient or remainder of two sums. */
interface Atom {
  readonly text: string
  readonly quotient?: { readonly operator: '/' | '%'; readonly left: Sum; readonly right: Sum }
}

interface Term {
  readonly coefficient: number
  /** Sorted by their texts */
  readonly atoms: readonly Atom[]
}

/** Terms of different atoms, none of coefficient 0, in the order in which they are printed; [] is 0. */
export type Sum = readonly Term[]

export function constantSum(value: number): Sum {
  return value === 0 ? [] : [{ coefficient: value, atoms: [] }]
}

/** The sum that a text states. A text that is no expression of ours is one name. */
export function parseSum(text: string): Sum {
  const tokens = text.match(/[()]|[^\s()]+/g) ?? []
  const parser = new Parser(tokens)
  const sum = parser.sum()
  return sum === undefined || !parser.atEnd ? nameSum(text.replaceAll(/[\s()]/g, '_')) : sum
}

function nameSum(name: string): Sum {
  return [{ coefficient: 1, atoms: [{ text: name }] }]
}

/** Products before sums, operators between spaces: a name may hold any other character. undefined: not well formed. */
class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  sum(): Sum | undefined {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/', '%'], () => this.#operand()))
  }

  #chain(operators: readonly string[], operand: () => Sum | undefined): Sum | undefined {
    let left = operand()
    while (left !== undefined && operators.includes(this.#tokens[this.#at] ?? '')) {
      const operator = this.#tokens[this.#at++]
      const right = operand()
      left = right === undefined ? undefined : OPERATIONS[operator](left, right)
    }
    return left
  }

  #operand(): Sum | undefined {
    const token = this.#tokens[this.#at++]
    if (token === undefined || token === ')' || Object.hasOwn(OPERATIONS, token)) return undefined
    if (token !== '(') return /^-?\d+$/.test(token) ? constantSum(Number(token)) : nameSum(token)
    const inner = this.sum()
    return this.#tokens[this.#at++] === ')' ? inner : undefined
  }
}

const OPERATIONS: Readonly<Record<string, (left: Sum, right: Sum) => Sum>> = {
  '+': addSums, '-': (left, right) => addSums(left, scaled(right, -1)), '*': multiplySums, '/': divideSums, '%': remainderOfSums,
}

/** left (operator) right; '/' rounds down. */
export function combineSums(left: Sum, operator: '+' | '-' | '*' | '/' | '%', right: Sum): Sum {
  return OPERATIONS[operator](left, right)
}

function addSums(left: Sum, right: Sum): Sum {
  return collected([...left, ...right])
}

function multiplySums(left: Sum, right: Sum): Sum {
  return collected(left.flatMap((a) => right.map((b) => ({
    coefficient: a.coefficient * b.coefficient,
    atoms: [...a.atoms, ...b.atoms].toSorted((p, q) => compare(p.text, q.text)),
  }))))
}

function scaled(sum: Sum, factor: number): Sum {
  return multiplySums(sum, constantSum(factor))
}

/** Rounds down. What divides evenly leaves the quotient: (6 h + 5) / 3 = 2 h + 1 + 2 / 3 = 2 h + 1. */
function divideSums(left: Sum, right: Sum): Sum {
  const exact = exactQuotient(left, right)
  if (exact !== undefined) return exact
  const divisor = asConstant(right)
  if (divisor === undefined || divisor <= 0) return quotient(left, '/', right)
  const whole = left.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / divisor) }))
  const rest = left.map((term) => ({ ...term, coefficient: term.coefficient - divisor * Math.floor(term.coefficient / divisor) }))
  return addSums(collected(whole), fraction(collected(rest), divisor))
}

/** The quotient of a sum whose coefficients are all smaller than the divisor; (a / b + k) / c is (a + b k) / (b c). */
function fraction(sum: Sum, divisor: number): Sum {
  const constant = asConstant(sum)
  if (constant !== undefined) return constantSum(Math.floor(constant / divisor))
  const [first, ...others] = sum
  const inner = first.atoms.length === 1 && first.coefficient === 1 ? first.atoms[0].quotient : undefined
  const innerDivisor = inner?.operator === '/' ? asConstant(inner.right) : undefined
  const shift = asConstant(others)
  if (inner === undefined || innerDivisor === undefined || shift === undefined) return quotient(sum, '/', constantSum(divisor))
  return divideSums(addSums(inner.left, constantSum(shift * innerDivisor)), constantSum(innerDivisor * divisor))
}

/** left / right where it comes out even for all sizes, by a divisor of one term or by itself. */
function exactQuotient(left: Sum, right: Sum): Sum | undefined {
  if (right.length !== 1) return right.length > 0 && printSum(left) === printSum(right) ? constantSum(1) : undefined
  const [divisor] = right
  const terms: Term[] = []
  for (const term of left) {
    const atoms = [...term.atoms]
    for (const atom of divisor.atoms) {
      const at = atoms.findIndex((each) => each.text === atom.text)
      if (at < 0) return undefined
      atoms.splice(at, 1)
    }
    const coefficient = term.coefficient / divisor.coefficient
    if (!Number.isInteger(coefficient)) return undefined
    terms.push({ coefficient, atoms })
  }
  return collected(terms)
}

/** a % b = a - b (a / b), with the sign of the divisor. */
function remainderOfSums(left: Sum, right: Sum): Sum {
  const divisor = asConstant(right)
  if (divisor === undefined || divisor <= 0) return exactQuotient(left, right) === undefined ? quotient(left, '%', right) : []
  return addSums(left, scaled(divideSums(left, right), -divisor))
}

function quotient(left: Sum, operator: '/' | '%', right: Sum): Sum {
  const text = `${grouped(left)} ${operator} ${grouped(right)}`
  return [{ coefficient: 1, atoms: [{ text, quotient: { operator, left, right } }] }]
}

/** The number that a sum without names is. */
export function asConstant(sum: Sum): number | undefined {
  if (sum.length === 0) return 0
  return sum.length === 1 && sum[0].atoms.length === 0 ? sum[0].coefficient : undefined
}

/** Terms of equal atoms as one; positive ones first, longer products first, numbers last. */
function collected(terms: readonly Term[]): Sum {
  const byAtoms = new Map<string, Term>()
  for (const term of terms) {
    const key = term.atoms.map((atom) => atom.text).join(' * ')
    byAtoms.set(key, { atoms: term.atoms, coefficient: term.coefficient + (byAtoms.get(key)?.coefficient ?? 0) })
  }
  return [...byAtoms].filter(([, term]) => term.coefficient !== 0)
    .toSorted(([p, a], [q, b]) => Math.sign(b.coefficient) - Math.sign(a.coefficient) || b.atoms.length - a.atoms.length || compare(p, q))
    .map(([, term]) => term)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function printSum(sum: Sum): string {
  if (sum.length === 0) return '0'
  return sum.map((term, index) => {
    const size = index === 0 ? term.coefficient : Math.abs(term.coefficient)
    const sign = index === 0 ? '' : term.coefficient < 0 ? ' - ' : ' + '
    return sign + printProduct(size, term.atoms)
  }).join('')
}

function printProduct(coefficient: number, atoms: readonly Atom[]): string {
  if (atoms.length === 0) return String(coefficient)
  if (coefficient === 1 && atoms.length === 1) return atoms[0].text
  const factors = atoms.map((atom) => (atom.quotient === undefined ? atom.text : `(${atom.text})`))
  return [...(coefficient === 1 ? [] : [String(coefficient)]), ...factors].join(' * ')
}

function grouped(sum: Sum): string {
  const text = printSum(sum)
  return text.includes(' ') ? `(${text})` : text
}

/** The number that a sum is when its names have sizes. Throws ModelError 'shape' naming one that has none. */
export function evaluateSum(sum: Sum, sizes: Readonly<Record<string, number>>): number {
  return sum.reduce((total, term) => total + term.atoms.reduce((product, atom) => product * evaluateAtom(atom, sizes), term.coefficient), 0)
}

function evaluateAtom({ text, quotient: inner }: Atom, sizes: Readonly<Record<string, number>>): number {
  if (inner === undefined) {
    if (!Object.hasOwn(sizes, text)) throw new ModelError('shape', `The dimension "${text}" has no size.`)
    return sizes[text]
  }
  const [left, right] = [evaluateSum(inner.left, sizes), evaluateSum(inner.right, sizes)]
  const whole = Math.floor(left / right)
  return inner.operator === '/' ? whole : left - right * whole
}
