import type { Kind } from "../exit-code.ts";

/** What a code means, for docs/troubleshooting.md, which `npm run docs` generates. The texts are Markdown. */
export interface FailureCodeEntry {
  /** Kinds that a failure with this code can have. */
  readonly kinds: readonly [Kind, ...Kind[]];
  /** One sentence. */
  readonly meaning: string;
  /** Likely causes, the most likely first. */
  readonly causes: readonly string[];
  /** What to do, in order. */
  readonly remedies: readonly string[];
}

/** By code. */
export type FailureCodeEntries = Readonly<Record<string, FailureCodeEntry>>;
