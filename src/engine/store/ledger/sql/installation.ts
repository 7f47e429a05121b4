import { lockClass, lockId, schemaVersion, sqlstate } from "../constants.ts";
import { rehearsalLabelPrefix } from "../../rehearsal-label.ts";
import { labelPrefix } from "../statement-label.ts";
import changes from "./changes.sql";
import functions from "./functions.sql";
import metadata from "./metadata.sql";
import { refuseForeignPartsSql } from "./ownership.ts";
import schema from "./schema.sql";

/** What the `.sql` files of this folder write as `${name}`. */
const constants: ReadonlyMap<string, string> = new Map([
  ["schema_version", String(schemaVersion)],
  ["lock_class", String(lockClass)],
  ["migration_lock", String(lockId.migration)],
  ["installation_lock", String(lockId.installation)],
  ["runs_lock", String(lockId.runs)],
  ["rehearsal_lock", String(lockId.rehearsal)],
  ["sqlstate_busy", sqlstate.busy],
  ["sqlstate_done", sqlstate.done],
  ["sqlstate_in_doubt", sqlstate.inDoubt],
  ["sqlstate_moved", sqlstate.moved],
  ["sqlstate_gone", sqlstate.gone],
  ["sqlstate_cancelled", sqlstate.cancelled],
  ["label_prefix", labelPrefix],
  ["rehearsal_label_prefix", rehearsalLabelPrefix],
  ["refuse_foreign_parts", refuseForeignPartsSql],
]);

/** Creates or upgrades the ledger; returns the version of its schema. */
export const installationSql = [
  withConstants(schema),
  withConstants(changes),
  withConstants(functions),
  withConstants(metadata),
  "SELECT schema_version FROM hasura_migrate.head",
].join("\n");

function withConstants(sql: string): string {
  return sql.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = constants.get(name);
    if (value === undefined) throw new Error(`unknown constant in the ledger's SQL: ${name}`);
    return value;
  });
}
