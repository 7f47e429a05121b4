/** Together this long, so that whoever watches sees a run move. */
const togetherMs = 100;
const most = 20;

/** How many migrations go in the next request: more while they are quick, one again as soon as they are not. */
export interface BatchSize {
  readonly size: number;
  /** `count` migrations took `ms` together. */
  took(count: number, ms: number): void;
}

/** Begins with one, and at most doubles. */
export function adaptiveBatchSize(): BatchSize {
  let size = 1;
  return {
    get size() {
      return size;
    },
    took(count, ms) {
      const fits = Math.floor((togetherMs * count) / Math.max(ms, 1));
      size = Math.max(1, Math.min(fits, count * 2, most));
    },
  };
}
