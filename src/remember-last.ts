/**
 * Keeps the last result for each key, as long as its inputs are the same (`Object.is`) and the key exists, so that a warm process
 * recomputes only what is new. For values that are never modified.
 */
export class LastResults<Key extends object, Result> {
  readonly #last = new WeakMap<
    Key,
    { readonly inputs: readonly unknown[]; readonly result: Result }
  >();

  /** The result for a key; `make` is called unless it is known. `inputs`: everything else that `make` depends on. */
  of(key: Key, inputs: readonly unknown[], make: () => Result): Result {
    const known = this.#last.get(key);
    if (known && areSame(known.inputs, inputs)) return known.result;
    const result = make();
    this.#last.set(key, { inputs, result });
    return result;
  }
}

/** The same function, which computes its result only once while its arguments are the same; the first one is the key. */
export function rememberLast<Key extends object, Rest extends readonly unknown[], Result>(
  make: (key: Key, ...rest: Rest) => Result,
): (key: Key, ...rest: Rest) => Result {
  const last = new LastResults<Key, Result>();
  return (key, ...rest) => last.of(key, rest, () => make(key, ...rest));
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
