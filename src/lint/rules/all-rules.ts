import { columnRules } from "./columns.ts";
import { constraintRules } from "./constraints.ts";
import { dataRules } from "./data.ts";
import { dropRules } from "./drops.ts";
import { fileRules } from "./files.ts";
import { indexRules } from "./indexes.ts";
import type { Rule } from "./rule.ts";
import { transactionRules } from "./transactions.ts";

/** Every rule, in the order of docs/lint.md. */
export const allRules: readonly Rule[] = [
  ...columnRules,
  ...constraintRules,
  ...indexRules,
  ...dropRules,
  ...dataRules,
  ...transactionRules,
  ...fileRules,
];
