import { isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, mapsAt, textAt } from "../metadata-document.ts";
import type { Findings } from "./findings.ts";
import { inconsistentObject, NotBuilt, quoted } from "./inconsistency.ts";
import { innerModelObject, sourcePartObject } from "./metadata-object.ts";
import type { BuiltSource } from "./tracked-table.ts";

/** The logical models of a source, and the native queries, which return them. */
export function buildNativeQueries(
  { name: source, document, schema }: BuiltSource,
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
      checkArguments(query);
      const detail = schema.invalidQueries?.get(textAt(query, "root_field_name"));
      if (detail !== undefined) throw new NotBuilt("Failed to validate query", detail);
    });
}

/** The logical models that a type refers to. */
function modelsIn(type: Json | undefined): string[] {
  if (!isJsonMap(type)) return [];
  const model = textAt(type, "logical_model");
  return model === "" ? modelsIn(type["array"]) : [model];
}

/** The code of a query: its texts, and the names of the arguments between them. */
export const partsOf = (query: JsonMap): string[] => textAt(query, "code").split(/\{\{([^}]*)\}\}/);

function checkArguments(query: JsonMap): void {
  const used = new Set(partsOf(query).filter((_part, i) => i % 2 === 1));
  const declared = new Set(Object.keys(mapAt(query, "arguments")));
  refuse(
    [...used].filter((name) => !declared.has(name)),
    "used in the query",
    "declared as arguments",
  );
  refuse(
    [...declared].filter((name) => !used.has(name)),
    "declared as arguments",
    "used in the query",
  );
}

function refuse(names: readonly string[], are: string, areNot: string): void {
  if (names.length === 0) return;
  const listed = names
    .toSorted()
    .map((name) => `'${name}'`)
    .join(", ");
  throw new NotBuilt(`The following columns are ${are}, but are not ${areNot}: [${listed}]`);
}
