const PAGE = 1000

/** Every item of a list that comes in pages. */
export async function allPages<T>(page: (offset: number, limit: number) => Promise<{ items: T[]; total: number }>): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const { items, total } = await page(all.length, PAGE)
    all.push(...items)
    if (items.length === 0 || all.length >= total) return all
  }
}
