/** The ids of the rules, for allow directives, the configuration and reports. They never change. */
export const ruleIds = [
  "column-rewrite",
  "not-null-without-default",
  "type-rewrite",
  "type-may-rewrite",
  "type-reads-table",
  "set-not-null",
  "foreign-key-validates",
  "check-validates",
  "constraint-builds-index",
  "index-blocks-writes",
  "drop-index-blocks",
  "maintenance-blocks",
  "partition-blocks",
  "drop-data",
  "drop-cascade",
  "drop-view",
  "rename",
  "used-by-metadata",
  "mass-change",
  "backfill-under-lock",
  "lock-table",
  "several-tables-locked",
  "needs-no-transaction",
  "own-transaction",
  "enum-value-used",
  "set-without-local",
  "copy-from-client",
  "syntax-error",
  "unreadable-file",
  "unreadable-metadata",
  "missing-down",
  "blank-down",
  "bad-directive",
  "unneeded-allow",
  "not-checked",
] as const;
export type RuleId = (typeof ruleIds)[number];

export const severities = ["off", "info", "warning", "error"] as const;
/** How much a finding matters; `off`: the rule is not checked. */
export type Severity = (typeof severities)[number];
