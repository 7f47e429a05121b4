import * as z from "zod";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { spotOf, type JsonPath, type Origins } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";
import { valueAt } from "../document/value-at.ts";
import { withValues } from "../document/with-values.ts";
import { unreadable } from "../problem.ts";
import { scalarTexts } from "../yaml/scalar-texts.ts";

/** A scalar of another type is a text here too, as for the Hasura CLI; `asWritten` has replaced it by its own text. */
const Text = z.union([z.string(), z.number(), z.boolean()], "must be a string").transform(String);

/** YAML 1.1's words for true and false, which the Hasura CLI accepts here. */
const Flag = z.preprocess(
  (value) =>
    typeof value === "string" && /^(y|yes|on|n|no|off)$/i.test(value)
      ? /^(y|yes|on)$/i.test(value)
      : value,
  z.boolean("must be true or false"),
);

/** The keys of a definition that are checked; the others are passed on. */
const Definition = z.object(
  {
    kind: Text.nullish(),
    handler: Text.nullish(),
    forward_client_headers: Flag.nullish(),
    timeout: z.int("must be a number of seconds").nullish(),
  },
  "must be a mapping, such as handler: https://example.com",
);

const mappingNeeded = "must be a mapping, such as name: login";
const ActionEntry = z.object(
  { name: Text.nullish(), definition: Definition.nullish() },
  mappingNeeded,
);
const TypeEntry = z.object({ name: Text.nullish(), description: Text.nullish() }, mappingNeeded);
const actions = z.array(ActionEntry, "must be a list").nullish();
const types = z.array(TypeEntry, "must be a list").nullish();

const ActionsYaml = z.object(
  {
    actions,
    custom_types: z
      .object({ enums: types, input_objects: types, objects: types, scalars: types }, mappingNeeded)
      .nullish(),
  },
  "must have the keys actions and custom_types",
);

/** The lists of `custom_types`. */
export type TypeList = "enums" | "input_objects" | "objects" | "scalars";
export const typeLists: readonly TypeList[] = ["enums", "input_objects", "objects", "scalars"];

/** An entry of actions.yaml: the keys that are checked, and the whole entry as it is written. */
export interface YamlEntry<Typed> {
  readonly typed: Typed;
  readonly name: string;
  readonly written: JsonMap;
  readonly path: JsonPath;
}

export interface ActionsYaml {
  readonly actions: readonly YamlEntry<z.infer<typeof ActionEntry>>[];
  readonly types: Readonly<Record<TypeList, readonly YamlEntry<z.infer<typeof TypeEntry>>[]>>;
  /** Where the value at a path is written. */
  spot(path: JsonPath): Spot;
}
export type YamlAction = ActionsYaml["actions"][number];
export type YamlType = ActionsYaml["types"][TypeList][number];

/**
 * Checks the value of actions.yaml; null is that of an empty file.
 * @throws MetadataFailure for a value of the wrong type, with its place
 */
export function parseActionsYaml(value: Json, source: SourceText, origins: Origins): ActionsYaml {
  const spot = (path: JsonPath): Spot => spotOf(value, path, origins) ?? { source, offset: 0 };
  const parsed = ActionsYaml.safeParse(asWritten(value, source) ?? {});
  if (!parsed.success) throw wrongType(parsed.error, spot);
  const { actions, custom_types: custom } = parsed.data;
  const entries = <Typed extends { readonly name?: string | null | undefined }>(
    items: readonly Typed[] | null | undefined,
    path: JsonPath,
  ): readonly YamlEntry<Typed>[] =>
    (items ?? []).map((typed, index) => ({
      typed,
      name: typed.name ?? "",
      written: mapAt(value, [...path, index]),
      path: [...path, index],
    }));
  const typesIn = (list: TypeList): readonly YamlType[] =>
    entries(custom?.[list], ["custom_types", list]);
  return {
    actions: entries(actions, ["actions"]),
    types: {
      enums: typesIn("enums"),
      input_objects: typesIn("input_objects"),
      objects: typesIn("objects"),
      scalars: typesIn("scalars"),
    },
    spot,
  };
}

/** The keys of an entry whose values are texts. */
const textKeys: readonly JsonPath[] = [
  ["name"],
  ["description"],
  ["definition", "kind"],
  ["definition", "handler"],
];

/** The value with texts as they are written in the file: `description: 1.10` is not 1.1. */
function asWritten(value: Json, source: SourceText): Json {
  const lists = [["actions"], ...typeLists.map((list) => ["custom_types", list])];
  const paths = lists.flatMap((list) => {
    const entries = valueAt(value, list) ?? null;
    return isJsonList(entries)
      ? entries.flatMap((_, index) => textKeys.map((key) => [...list, index, ...key]))
      : [];
  });
  const others = paths.filter((path) =>
    ["number", "boolean"].includes(typeof valueAt(value, path)),
  );
  if (others.length === 0) return value;
  const textAt = scalarTexts(source);
  return withValues(
    value,
    others.flatMap((path) => {
      const text = textAt(path);
      return text === undefined ? [] : [{ path, value: text }];
    }),
  );
}

function wrongType(error: z.ZodError, spot: (path: JsonPath) => Spot): Error {
  const [issue] = error.issues;
  const path = (issue?.path ?? []).filter((key) => typeof key !== "symbol");
  const key = path.findLast((each) => typeof each === "string");
  return unreadable(spot(path), `${key ?? "actions.yaml"} ${issue?.message ?? "is not valid"}.`);
}

/** The map at a path; an empty one for anything else. */
function mapAt(value: Json, path: JsonPath): JsonMap {
  const found = path.reduce<Json | undefined>((at, key) => {
    if (isJsonList(at)) return at[Number(key)];
    return isJsonMap(at) ? at[String(key)] : undefined;
  }, value);
  return isJsonMap(found) ? found : {};
}
