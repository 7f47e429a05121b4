import { mapsAt, textAt, type MetadataDocument } from "../metadata-document.ts";
import { headerValues, renderTemplate, type Environment } from "./environment-values.ts";
import type { Findings } from "./findings.ts";
import { listedObject } from "./metadata-object.ts";

/** The cron triggers: the variables in their webhooks and headers. */
export function buildCronTriggers(
  metadata: MetadataDocument,
  env: Environment,
  findings: Findings,
): void {
  for (const entry of mapsAt(metadata, "cron_triggers")) {
    const context = `in cron trigger ${textAt(entry, "name")}: `;
    findings.attempt(listedObject("cron_triggers", entry), context, () => {
      renderTemplate(textAt(entry, "webhook"), env);
      headerValues(entry, env);
    });
  }
}
