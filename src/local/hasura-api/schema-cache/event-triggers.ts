import type { JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, mapsAt, textAt, textsAt } from "../metadata-document.ts";
import {
  environmentValue,
  headerValues,
  renderTemplate,
  type Environment,
} from "./environment-values.ts";
import type { Findings } from "./findings.ts";
import { NotBuilt, quoted } from "./inconsistency.ts";
import { partObject } from "./metadata-object.ts";
import type { TrackedTable } from "./tracked-table.ts";

/** The event triggers of a table. Each depends on the table, and on the columns that it names. */
export function buildEventTriggers(
  table: TrackedTable,
  env: Environment,
  findings: Findings,
): void {
  for (const entry of mapsAt(table.entry, "event_triggers")) {
    const name = textAt(entry, "name");
    const object = partObject(table.source, table.name, "event_triggers", entry);
    const context = `in table ${table.label}: in event trigger ${quoted(name)}: `;
    const built = findings.attempt(object, context, () => checkWebhook(entry, env));
    if (built === undefined) continue;
    const target = table.part("event-trigger", name);
    findings.exists(target);
    const columns = columnsOf(entry).map((column) => table.part("column", column));
    findings.depends(object, target, new Set([table.target, ...columns]));
  }
}

function checkWebhook(trigger: JsonMap, env: Environment): true {
  const { webhook, webhook_from_env: variable } = trigger;
  if ((typeof webhook === "string") === (typeof variable === "string"))
    throw new NotBuilt("expected webhook or webhook_from_env");
  if (typeof variable === "string") environmentValue(variable, env);
  else renderTemplate(textAt(trigger, "webhook"), env);
  headerValues(trigger, env);
  return true;
}

/** The columns that a trigger names; `*` names none. */
function columnsOf(trigger: JsonMap): string[] {
  const definition = mapAt(trigger, "definition");
  return ["insert", "update", "delete"].flatMap((operation) => {
    const spec = mapAt(definition, operation);
    return [...textsAt(spec, "columns"), ...textsAt(spec, "payload")];
  });
}
