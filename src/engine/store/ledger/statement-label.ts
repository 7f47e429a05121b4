import * as z from "zod";
import { Version } from "../../../protocol/migration.ts";
import { encodeLabelText, LabelText } from "../label-text.ts";

/** What a statement works on: it begins with this, so that `pg_stat_activity.query` shows it. */
export interface StatementLabel {
  readonly run: string;
  readonly version: Version;
  readonly name: string;
}

/** What comes before the run's id, and a space after it. The ledger's functions look for it. */
export const labelPrefix = "/* hasura-migrate run=";

/** `pg_stat_activity` keeps 1,024 bytes by default; a longer label would lose its end. */
const maxEncodedName = 512;

const label =
  /^\/\* hasura-migrate run=(?<run>\S+) version=(?<version>\d+) name=(?<name>[\w.%-]*) \*\//;

/**
 * A comment for the beginning of a statement. The name is percent-encoded, and empty where it is
 * too long.
 */
export function labelStatement({ run, version, name }: StatementLabel): string {
  return `${labelPrefix}${run} version=${version} name=${encodeLabelText(name, maxEncodedName)} */`;
}

/**
 * The label at the beginning of a statement, which may have been cut off after it; undefined where
 * there is none.
 */
export function readStatementLabel(query: string): StatementLabel | undefined {
  const parsed = Label.safeParse(label.exec(query)?.groups);
  return parsed.success ? parsed.data : undefined;
}

const Label = z.object({ run: z.string(), version: Version, name: LabelText });
