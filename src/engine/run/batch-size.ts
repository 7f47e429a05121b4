/** How long one request may take, so that people watching see progress. */
const targetMs = 100;
const largestBatch = 20;

/**
 * How many migrations go into the next request, after `count` of them took `ms` in one: more while they are quick, at most twice
 * as many, and one again as soon as they are slow.
 */
export function nextBatchSize(count: number, ms: number): number {
  const fits = Math.floor((targetMs * count) / Math.max(ms, 1));
  return Math.max(1, Math.min(fits, count * 2, largestBatch));
}
