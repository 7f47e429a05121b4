import type { JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, mapsAt, textAt, type MetadataDocument } from "../metadata-document.ts";
import { baseType, type CustomTypes } from "./custom-types.ts";
import { renderTemplate, type Environment } from "./environment-values.ts";
import type { Findings } from "./findings.ts";
import { inconsistentObject, NotBuilt, quoted } from "./inconsistency.ts";
import { listedObject } from "./metadata-object.ts";

/** @param types undefined if the custom types are inconsistent */
export function buildActions(
  metadata: MetadataDocument,
  types: CustomTypes | undefined,
  env: Environment,
  findings: Findings,
): void {
  for (const entry of mapsAt(metadata, "actions")) {
    const object = listedObject("actions", entry);
    if (types === undefined)
      findings.add(
        inconsistentObject(object, "custom types are inconsistent", { isMissingName: true }),
      );
    else
      findings.attempt(object, `in action ${quoted(textAt(entry, "name"))}; `, () => {
        checkAction(mapAt(entry, "definition"), types, env);
      });
  }
}

function checkAction(definition: JsonMap, types: CustomTypes, env: Environment): void {
  for (const argument of mapsAt(definition, "arguments")) {
    const type = baseType(textAt(argument, "type"));
    if (!types.inputs.has(type))
      throw new NotBuilt(
        `the type: ${quoted(type)} is not defined in custom types or it is not a scalar/enum/input_object`,
      );
  }
  const output = baseType(textAt(definition, "output_type"));
  const object = types.objects.get(output);
  if (object === undefined && !types.scalars.has(output))
    throw new NotBuilt(
      `the type: ${quoted(output)} is not an object or scalar type defined in custom types`,
    );
  if (object !== undefined) checkRelationships(object, definition, types);
  renderTemplate(textAt(definition, "handler"), env);
}

/** Relationships start from fields of the answer itself, not from fields of objects in it. */
function checkRelationships(object: JsonMap, { kind }: JsonMap, { objects }: CustomTypes): void {
  const relationships = mapsAt(object, "relationships");
  const nested = mapsAt(object, "fields")
    .filter((field) => objects.has(baseType(textAt(field, "type"))))
    .map((field) => textAt(field, "name"));
  if (kind === "asynchronous") {
    if (relationships.length > 0 && nested.length > 0)
      throw new NotBuilt(
        `Async action relations cannot be used with object fields: ${nested.map(quoted).join(", ")}`,
      );
    return;
  }
  const bad = relationships.filter((relationship) =>
    Object.keys(mapAt(relationship, "field_mapping")).some((field) => nested.includes(field)),
  );
  if (bad.length > 0)
    throw new NotBuilt(
      `Relationships cannot be defined with nested object fields: ${bad.map((each) => quoted(textAt(each, "name"))).join(", ")}`,
    );
}
