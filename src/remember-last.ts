/**
 * The same function, which keeps for each `key` its last result and returns it again while the other arguments are the same
 * (`Object.is`). For pure functions of values that nobody changes: a warm process then computes again only what is new. The
 * result is kept for as long as its key.
 */
export function rememberLast<Key extends object, Rest extends readonly unknown[], Result>(
  compute: (key: Key, ...rest: Rest) => Result,
): (key: Key, ...rest: Rest) => Result {
  const last = new WeakMap<Key, { readonly rest: Rest; readonly result: Result }>();
  return (key, ...rest) => {
    const known = last.get(key);
    if (known && areSame(known.rest, rest)) return known.result;
    const result = compute(key, ...rest);
    last.set(key, { rest, result });
    return result;
  };
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
