import type { Operation } from "../../protocol/operations.ts";

/** The words of the command that performs an operation: `status`, `metadata diff`. */
export function commandWords(operation: Operation): readonly string[] {
  return operation.startsWith("metadata-")
    ? ["metadata", operation.slice("metadata-".length)]
    : [operation];
}
