/** How many files are open at once. */
const atOnce = 16;

/** Maps in order with a bounded number of calls in flight; the first failure is thrown once those in flight have ended. */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    const settled = await Promise.allSettled(items.slice(at, at + atOnce).map(map));
    for (const it of settled) {
      if (it.status === "rejected") throw it.reason;
      results.push(it.value);
    }
  }
  return results;
}
