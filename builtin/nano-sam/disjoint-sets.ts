/** Numbers 0 .. count - 1 in sets that can be united (union-find with path halving). */
export class DisjointSets {
  private readonly parents: Int32Array

  constructor(count: number) {
    this.parents = new Int32Array(count)
    for (let each = 0; each < count; each++) this.parents[each] = each
  }

  /** The least number of the set that `member` belongs to. */
  find(member: number): number {
    const { parents } = this
    let found = member
    while (parents[found] !== found) found = parents[found] = parents[parents[found]]
    return found
  }

  unite(a: number, b: number): void {
    const [first, second] = [this.find(a), this.find(b)]
    this.parents[Math.max(first, second)] = Math.min(first, second)
  }
}
