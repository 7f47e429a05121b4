import type { TestContext } from "node:test";

const works = new WeakMap<TestContext, (() => Promise<unknown>)[]>();

/** Like `t.after`, but the last thing made is cleaned up first: node:test runs its hooks in the order they were given. */
export function cleanUp(t: TestContext, work: () => Promise<unknown>): void {
  const known = works.get(t);
  if (known) {
    known.push(work);
    return;
  }
  const list = [work];
  works.set(t, list);
  t.after(async () => {
    for (let next = list.pop(); next; next = list.pop()) await next();
  });
}
