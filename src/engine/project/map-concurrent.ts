/** How many files are open at once. */
const limit = 16;

/** Maps in order with at most 16 calls in flight. Throws the first error once those in flight have ended. */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += limit) {
    const settled = await Promise.allSettled(items.slice(start, start + limit).map(map));
    for (const result of settled) {
      if (result.status === "rejected") throw result.reason;
      results.push(result.value);
    }
  }
  return results;
}
