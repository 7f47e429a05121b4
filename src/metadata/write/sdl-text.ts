import { typeLists, type TypeList } from "../actions/actions-yaml.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { typesIn, type ActionParts } from "./action-parts.ts";

/*
 * actions.graphql, in the form in which the Hasura CLI's extension writes it (docs/internals/hasura-metadata.md, "What an export
 * writes").
 */

/** The whole file; empty without actions and types. */
export function sdlText({ actions, customTypes }: ActionParts): string {
  const definitions = [
    ...actions.filter(isJsonMap).map(actionSdl),
    ...typeLists.flatMap((list) => typesIn(customTypes, list).map((type) => typeSdl(list, type))),
  ];
  return definitions.map((definition) => `${definition}\n\n`).join("");
}

/** The definition of one action, in a type of its own. */
export function actionSdl(action: JsonMap): string {
  return `type ${operationType(action)} {\n  ${actionField(action)}\n}`;
}

/** The type that has an action as its field: `Query` or `Mutation`. */
export function operationType({ definition }: JsonMap): "Query" | "Mutation" {
  return isJsonMap(definition) && definition["type"] === "query" ? "Query" : "Mutation";
}

/** An action as a field, after its indentation. */
export function actionField({ name, definition }: JsonMap): string {
  const { arguments: list, output_type: output } = isJsonMap(definition) ? definition : {};
  const parameters = mapsIn(list).map((parameter) => `    ${member(parameter)}`);
  const written = parameters.length === 0 ? "" : `(\n${parameters.join("\n")}\n  )`;
  return `${text(name)}${written}: ${text(output)}`;
}

/** The definition of one custom type. */
export function typeSdl(list: TypeList, type: JsonMap): string {
  const start = description(type["description"]);
  const name = text(type["name"]);
  switch (list) {
    case "scalars":
      return `${start}scalar ${name}`;
    case "enums":
      return `${start}enum ${name} {\n${body(type["values"], enumValue)}\n}`;
    case "input_objects":
      return `${start}input ${name} {\n${body(type["fields"], member)}\n}`;
    case "objects":
      return `${start}type ${name} {\n${body(type["fields"], member)}\n}`;
  }
}

function body(members: Json | undefined, line: (member: JsonMap) => string): string {
  return mapsIn(members)
    .map((each) => `  ${line(each)}`)
    .join("\n");
}

/** A field or an argument: `name: Type`. */
function member(part: JsonMap): string {
  return `${description(part["description"])}${text(part["name"])}: ${text(part["type"])}`;
}

function enumValue(part: JsonMap): string {
  return `${description(part["description"])}${text(part["value"])}`;
}

/** A description with what separates it from what it describes. */
function description(value: Json | undefined): string {
  if (typeof value !== "string" || value === "") return "";
  const isSimple = !/[\n\r]|"""|["\\]$/.test(value);
  return isSimple ? `""" ${value} """ ` : `${JSON.stringify(value)} `;
}

function mapsIn(value: Json | undefined): JsonMap[] {
  return isJsonList(value) ? value.filter(isJsonMap) : [];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
