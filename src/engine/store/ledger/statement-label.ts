import * as z from "zod";
import { Version } from "../../../protocol/migration.ts";
import { encodeLabelText, LabelText } from "../label-text.ts";

/** What a statement works on: it begins with this, so that `pg_stat_activity.query` shows it. */
export type StatementLabel =
  | { readonly run: string; readonly version: Version; readonly name: string }
  | { readonly run: string; readonly seed: string };

/** What comes before the run's id, and a space after it. The ledger's functions look for it. */
export const labelPrefix = "/* hasura-migrate run=";

/** `pg_stat_activity` keeps 1,024 bytes by default; a longer label would lose its end. */
const maxEncodedName = 512;

const label =
  /^\/\* hasura-migrate run=(?<run>\S+) (?:version=(?<version>\d+) name=(?<name>[\w.%-]*)|seed=(?<seed>[\w.%-]*)) \*\//;

/**
 * A comment for the beginning of a statement. The name is percent-encoded, and empty where it is
 * too long.
 */
export function labelStatement(of: StatementLabel): string {
  const what =
    "seed" in of
      ? `seed=${encodeLabelText(of.seed, maxEncodedName)}`
      : `version=${of.version} name=${encodeLabelText(of.name, maxEncodedName)}`;
  return `${labelPrefix}${of.run} ${what} */`;
}

/**
 * The label at the beginning of a statement, which may have been cut off after it; undefined where
 * there is none.
 */
export function readStatementLabel(query: string): StatementLabel | undefined {
  const parsed = Label.safeParse(label.exec(query)?.groups);
  return parsed.success ? parsed.data : undefined;
}

const Label = z.union([
  z.object({ run: z.string(), version: Version, name: LabelText }),
  z.object({ run: z.string(), seed: LabelText }),
]);
