import { isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { canonicalText } from "../diff/canonical-text.ts";
import { ignoredClientHeaders } from "../diff/normalise.ts";
import { typeLists } from "../actions/actions-yaml.ts";
import { typesIn, type ActionParts } from "./action-parts.ts";
import { sdlText } from "./sdl-text.ts";
import { yamlFile } from "./yaml-text.ts";

/** Both files, as the Hasura CLI writes them; their paths are from the metadata directory. */
export function writeActions(parts: ActionParts): ReadonlyMap<string, string> {
  return new Map([
    ["actions.graphql", sdlText(parts)],
    ["actions.yaml", yamlFile(actionsYaml(parts))],
  ]);
}

function actionsYaml({ actions, customTypes }: ActionParts): JsonMap {
  return {
    actions: actions.filter(isJsonMap).map(actionEntry),
    custom_types: Object.fromEntries(
      typeLists.map((list) => [list, typesIn(customTypes, list).map(newTypeEntry)]),
    ),
  };
}

/** Keys of an action's definition, in the order in which the Hasura CLI writes them. */
const definitionKeys = [
  ...["kind", "handler", "forward_client_headers", "headers", "timeout"],
  ...["request_transform", "response_transform"],
];
/** What actions.graphql contains of a definition. */
const keysOfSdl: ReadonlySet<string> = new Set(["type", "arguments", "output_type"]);

/** What actions.yaml contains of an action: everything that actions.graphql does not. */
export function actionEntry({ name = "", definition = {}, ...others }: JsonMap): JsonMap {
  const { permissions, comment, ...unknown } = others;
  return {
    name,
    definition: isJsonMap(definition) ? definitionEntry(definition) : definition,
    ...(permissions !== undefined && { permissions }),
    ...(comment !== undefined && { comment }),
    ...unknown,
  };
}

function definitionEntry(definition: JsonMap): JsonMap {
  const own: JsonMap = { ...{ kind: "", handler: "" }, ...definition };
  const isWritten = (key: string): boolean => {
    const value = own[key];
    if (key === "forward_client_headers") return value === true;
    // The server writes its default for every action.
    if (key === "ignored_client_headers") return !isDefault(value);
    return value !== undefined && (key !== "timeout" || value !== 0);
  };
  const others = Object.keys(own).filter(
    (key) => !definitionKeys.includes(key) && !keysOfSdl.has(key),
  );
  const keys = [...definitionKeys, ...others].filter(isWritten);
  return Object.fromEntries(keys.map((key): [string, Json] => [key, own[key] ?? null]));
}

function isDefault(headers: Json | undefined): boolean {
  return headers !== undefined && canonicalText(headers) === canonicalText(ignoredClientHeaders);
}

/** The same as the Hasura CLI writes it, with the values of an enum, which have no effect there. */
function newTypeEntry(type: JsonMap): JsonMap {
  const { name, description, ...others } = typeEntry(type);
  const { values } = type;
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(values !== undefined && { values }),
    ...others,
  };
}

/** What actions.yaml contains of a custom type: everything but its fields or values. */
export function typeEntry(type: JsonMap): JsonMap {
  const { name = "", description, relationships, ...others } = type;
  const unknown = Object.entries(others).filter(([key]) => key !== "fields" && key !== "values");
  return {
    name,
    ...(description !== undefined && description !== null && { description }),
    ...(relationships !== undefined && { relationships }),
    ...Object.fromEntries(unknown),
  };
}
