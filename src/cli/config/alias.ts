import type { Operation } from "../../protocol/request.ts";

/** Aliases of a function that restricts by operation, the smallest first (design section 7). */
export const aliases = ["read", "apply", "admin"] as const;
export type Alias = (typeof aliases)[number];

const smallest: Readonly<Record<Operation, Alias>> = {
  status: "read",
  plan: "read",
  history: "read",
  ping: "read",
  apply: "apply",
  cancel: "apply",
  down: "admin",
  redo: "admin",
  mark: "admin",
};

/** The smallest alias that allows an operation: who may only look can look. */
export function aliasFor(operation: Operation): Alias {
  return smallest[operation];
}

/** True when a function's name or ARN has an alias or version at its end. */
export function hasQualifier(name: string): boolean {
  return /^arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:]+:|^(?!arn:)[^:]+:[^:]+$/.test(name);
}
