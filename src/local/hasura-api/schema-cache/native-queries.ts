import { isJsonMap, type Json } from "../../../metadata/document/json.ts";
import { mapsAt, textAt } from "../metadata-document.ts";
import type { Findings } from "./findings.ts";
import { inconsistentObject, NotBuilt, quoted } from "./inconsistency.ts";
import { innerModelObject, sourcePartObject } from "./metadata-object.ts";
import type { BuiltSource } from "./tracked-table.ts";

/** The logical models of a source, and the native queries, which return them. Their SQL is not checked. */
export function buildNativeQueries(
  { name: source, document }: BuiltSource,
  findings: Findings,
): void {
  const models = new Set(mapsAt(document, "logical_models").map((model) => textAt(model, "name")));
  for (const model of mapsAt(document, "logical_models")) {
    const object = sourcePartObject(source, "logical_models", model);
    for (const field of mapsAt(model, "fields"))
      for (const inner of modelsIn(field["type"]))
        if (!models.has(inner))
          findings.add(
            inconsistentObject(
              innerModelObject(object, inner, model),
              `logical model ${quoted(inner)} is not tracked`,
            ),
          );
  }
  for (const query of mapsAt(document, "native_queries"))
    findings.attempt(sourcePartObject(source, "native_queries", query), "", () => {
      const { returns } = query;
      if (typeof returns === "string" && !models.has(returns))
        throw new NotBuilt(`The logical model ${returns} could not be found`);
    });
}

/** The logical models that a type refers to. */
function modelsIn(type: Json | undefined): string[] {
  if (!isJsonMap(type)) return [];
  const model = textAt(type, "logical_model");
  return model === "" ? modelsIn(type["array"]) : [model];
}
