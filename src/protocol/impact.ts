import * as z from "zod";

/** What one statement of a planned file does to one table that exists, or what a rule of `lint` finds in it. */
export const StatementImpact = z.object({
  line: z.int().positive().describe("Line of the file in which the statement begins."),
  table: z.string().optional().describe("The table, such as `orders` or `shop.orders`."),
  effect: z
    .string()
    .optional()
    .describe(
      "`catalog`: only the catalog changes · `rows`: rows are changed · `scan`: all rows are read · `rewrite`: all rows are written again · `data-loss`.",
    ),
  lock: z
    .string()
    .optional()
    .describe("PostgreSQL's name of the lock, such as `ACCESS EXCLUSIVE`."),
  blocks: z
    .string()
    .optional()
    .describe("What the lock blocks: `reads and writes`, `writes` or `schema changes`."),
  loses: z
    .object({
      what: z
        .string()
        .describe(
          "`table`, `column`, `rows` (all rows of a table), `schema`, `owned` (everything that a role owns), or `dependents`: what `CASCADE` drops with an object.",
        ),
      name: z.string().describe("Such as `orders` or `orders.note`."),
    })
    .optional()
    .describe("What is removed for good."),
  rows: z
    .number()
    .nonnegative()
    .optional()
    .describe("PostgreSQL's estimate of the table's rows; absent if it is not known."),
  bytes: z
    .number()
    .nonnegative()
    .optional()
    .describe("Size of the table with its indexes; absent if it is not known."),
  rules: z.array(z.string()).describe("Rules of `lint` that have a finding here."),
  message: z
    .string()
    .optional()
    .describe("The finding, as a sentence, if the other fields do not describe it."),
  risk: z
    .string()
    .optional()
    .describe(
      "`data-loss`, or `blocking`: writes to a large table, or also reads, are blocked while it is read or rewritten.",
    ),
  needs: z
    .array(z.string())
    .optional()
    .describe(
      "Rules that have to be allowed before a protected environment runs this; those that the file allows are omitted.",
    ),
});
export type StatementImpact = z.infer<typeof StatementImpact>;

/** Rules of `lint` that can be given to `--allow`: their findings are refused if they are a risk. */
export const allowableRules = [
  "column-rewrite",
  "type-rewrite",
  "type-may-rewrite",
  "type-reads-table",
  "set-not-null",
  "foreign-key-validates",
  "check-validates",
  "constraint-builds-index",
  "index-blocks-writes",
  "maintenance-blocks",
  "partition-blocks",
  "drop-data",
  "drop-cascade",
  "mass-change",
] as const;
export type AllowableRule = (typeof allowableRules)[number];

/** The allowable rules that concern a loss of data. */
export const lossRules: ReadonlySet<string> = new Set<AllowableRule>([
  "drop-data",
  "drop-cascade",
  "mass-change",
]);
