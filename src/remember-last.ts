/**
 * For each key the last result that was made of it, for as long as its inputs are the same (`Object.is`) and its key exists. A
 * warm process then makes again only what is new. For values that nobody changes.
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

/** The same function, which makes its result only once while its arguments are the same; the first is the key. */
export function rememberLast<Key extends object, Rest extends readonly unknown[], Result>(
  make: (key: Key, ...rest: Rest) => Result,
): (key: Key, ...rest: Rest) => Result {
  const last = new LastResults<Key, Result>();
  return (key, ...rest) => last.of(key, rest, () => make(key, ...rest));
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
