import { isJsonMap, type JsonList, type JsonMap } from "../document/json.ts";
import type { Origins } from "../document/places.ts";
import { placeOf, type Spot } from "../document/source-text.ts";
import { placeText, unreadable, type MetadataProblem } from "../problem.ts";
import {
  typeLists,
  type ActionsYaml,
  type YamlAction,
  type YamlEntry,
  type YamlType,
} from "./actions-yaml.ts";
import type { ConvertedSdl, SdlAction, SdlMember, SdlType } from "./convert-sdl.ts";

/** The parsed content of the two files of actions. */
export interface ActionFiles {
  readonly sdl: ConvertedSdl;
  readonly yaml: ActionsYaml;
  /** Receives the position of everything. */
  readonly origins: Origins;
}

export interface BuiltActions {
  /** The value of `actions`. */
  readonly actions: JsonList;
  /** The value of `custom_types`. */
  readonly customTypes: JsonMap;
  readonly problems: readonly MetadataProblem[];
}

/**
 * Joins actions.graphql and actions.yaml (docs/internals/hasura-metadata.md, "From two files to actions and custom types").
 * @throws MetadataFailure for an entry of actions.yaml that actions.graphql does not have
 */
export function buildActions(files: ActionFiles): BuiltActions {
  const { sdl, yaml } = files;
  const own = joined("action", yaml.actions, sdl.actions, yaml);
  const lists = typeLists.map((list) => {
    const types = sdl.types.filter((type) => type.list === list);
    const { entryOf, problems } = joined("custom type", yaml.types[list], types, yaml);
    const values = types.map((type) => typeJson(type, entryOf.get(type), files));
    return { problems, entry: [list, located(values, types, files.origins)] as const };
  });
  return {
    actions: located(
      sdl.actions.map((action) => actionJson(action, own.entryOf.get(action), files)),
      sdl.actions,
      files.origins,
    ),
    customTypes: Object.fromEntries(lists.map(({ entry }) => entry)),
    problems: [...own.problems, ...lists.flatMap(({ problems }) => problems)],
  };
}

/** The entries of actions.yaml by the definition in the SDL that each belongs to. */
function joined<Entry extends YamlEntry<unknown>, Defined extends { readonly name: string }>(
  what: "action" | "custom type",
  entries: readonly Entry[],
  definitions: readonly Defined[],
  yaml: ActionsYaml,
): { readonly entryOf: ReadonlyMap<Defined, Entry>; readonly problems: MetadataProblem[] } {
  const entryOf = new Map<Defined, Entry>();
  const problems: MetadataProblem[] = [];
  for (const entry of entries) {
    const { name, path } = entry;
    const definition = definitions.find((each) => each.name === name);
    if (definition === undefined)
      throw unreadable(
        yaml.spot(path),
        `${what} ${name} is not present in actions.graphql.`,
        "Define it in actions.graphql, or remove it from actions.yaml.",
      );
    const first = entryOf.get(definition);
    if (first) problems.push(twice(`${what} ${name}`, yaml.spot(path), yaml.spot(first.path)));
    else entryOf.set(definition, entry);
  }
  return { entryOf, problems };
}

function twice(what: string, spot: Spot, first: Spot): MetadataProblem {
  return {
    severity: "error",
    code: "metadata-duplicate",
    message: `actions.yaml defines the ${what} twice, first at ${placeText(placeOf(first))}.`,
    place: placeOf(spot),
    advice: "Remove one of them.",
  };
}

function actionJson(action: SdlAction, entry: YamlAction | undefined, files: ActionFiles): JsonMap {
  const { yaml, origins } = files;
  const { comment, ...written } = without(entry?.written ?? {}, ["name", "definition"]);
  const value: JsonMap = {
    ...written,
    ...(comment !== undefined && comment !== null && { comment }),
    name: action.name,
    definition: definitionJson(action, entry, files),
  };
  origins.set(value, {
    ...(entry ? yaml.spot(entry.path) : action.spot),
    entry: (key) => (entry ? yaml.spot([...entry.path, key]) : action.spot),
  });
  return value;
}

/** The SDL alone decides these keys of a definition. */
const keysOfSdl = ["type", "arguments", "output_type"];
const typedKeys = ["kind", "handler", "forward_client_headers", "timeout"];

function definitionJson(
  action: SdlAction,
  entry: YamlAction | undefined,
  { yaml, origins }: ActionFiles,
): JsonMap {
  const { kind, handler, forward_client_headers, timeout } = entry?.typed.definition ?? {};
  const members = action.arguments.map((argument) => memberJson(argument, "name", origins));
  const written = entry?.written["definition"] ?? null;
  const value: JsonMap = {
    ...without(isJsonMap(written) ? written : {}, [...keysOfSdl, ...typedKeys]),
    kind: kind ?? "",
    type: action.type,
    handler: handler ?? "",
    ...(members.length > 0 && { arguments: located(members, action.arguments, origins) }),
    output_type: action.outputType,
    ...(forward_client_headers === true && { forward_client_headers }),
    ...(timeout && { timeout }),
  };
  origins.set(value, {
    ...(entry ? yaml.spot([...entry.path, "definition"]) : action.spot),
    entry: (key) =>
      entry === undefined || keysOfSdl.includes(String(key))
        ? action.spot
        : yaml.spot([...entry.path, "definition", key]),
  });
  return value;
}

function typeJson(type: SdlType, entry: YamlType | undefined, files: ActionFiles): JsonMap {
  const description = entry === undefined ? type.description : (entry.typed.description ?? null);
  const own = type.list === "enums" ? "value" : "name";
  const members = type.members.map((member) => memberJson(member, own, files.origins));
  const value: JsonMap = {
    ...without(entry?.written ?? {}, ["name", "description", "fields", "values"]),
    name: type.name,
    ...(description !== null && { description }),
    ...(members.length > 0 && {
      [type.list === "enums" ? "values" : "fields"]: located(members, type.members, files.origins),
    }),
  };
  files.origins.set(value, {
    ...type.spot,
    entry: (key) =>
      entry && key === "relationships" ? files.yaml.spot([...entry.path, key]) : type.spot,
  });
  return value;
}

/** An argument, a field, or the value of an enum. Its description stays as null. */
function memberJson(member: SdlMember, nameKey: "name" | "value", origins: Origins): JsonMap {
  const { name, type, description, spot } = member;
  const value: JsonMap = { [nameKey]: name, ...(type !== undefined && { type }), description };
  origins.set(value, { ...spot, entry: () => spot });
  return value;
}

/** A list whose items are defined at these spots. */
function located(
  values: JsonList,
  definitions: readonly { readonly spot: Spot }[],
  origins: Origins,
): JsonList {
  const [first] = definitions;
  if (first) origins.set(values, { ...first.spot, entry: (key) => definitions[Number(key)]?.spot });
  return values;
}

function without(map: JsonMap, keys: readonly string[]): JsonMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
