import {
  Kind,
  type DefinitionNode,
  type FieldDefinitionNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
} from "graphql";
import { typeLists, type TypeList } from "../actions/actions-yaml.ts";
import { isOperationType } from "../actions/convert-sdl.ts";
import { parseSdl } from "../actions/parse-sdl.ts";
import { isJsonMap, type JsonMap } from "../document/json.ts";
import { SourceText } from "../document/source-text.ts";
import { typesIn, type ActionParts } from "./action-parts.ts";
import { edited, lineEnd, lineStart, type Edit } from "./edits.ts";
import { actionField, actionSdl, operationType, typeSdl } from "./sdl-text.ts";

/** actions.graphql, and the actions and types as they are and as they should be. */
export interface SdlPatch {
  readonly text: string;
  readonly before: ActionParts;
  readonly after: ActionParts;
}

/** The changed text: each definition that differs is rewritten, removed, or added after the last one of its kind. */
export function patchSdl(patch: SdlPatch): string {
  const { text } = patch;
  const definitions = parseSdl(new SourceText("actions.graphql", text));
  const operations = definitions.filter(isOperationType);
  const types = definitions.filter((each) => !isOperationType(each));
  const actions = actionEdits(operations, patch);
  const others = typeEdits(types, patch);
  return edited(text, [...actions, ...others]);
}

type OperationType = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

function actionEdits(
  operations: readonly OperationType[],
  { text, before, after }: SdlPatch,
): Edit[] {
  const was = new Map(
    before.actions.filter(isJsonMap).map((each) => [nameIn(each), actionSdl(each)]),
  );
  const wanted = after.actions.filter(isJsonMap);
  const shall = new Map(wanted.map((each) => [nameIn(each), each]));
  const kept = new Set<string>();
  let last: OperationType | undefined;
  const edits = operations.flatMap((operation) => {
    const { fields = [] } = operation;
    const stay = fields.filter((field) => {
      const action = shall.get(field.name.value);
      return action !== undefined && operationType(action) === operation.name.value;
    });
    for (const { name } of stay) kept.add(name.value);
    if (stay.length === 0 && fields.length > 0) return [withoutLines(operation, text)];
    last = operation;
    return fields.flatMap((field) => fieldEdits(field, { stay, text, was, shall }));
  });
  const added = wanted.filter((each) => !kept.has(nameIn(each))).map(actionSdl);
  return [...edits, ...additions(added, last, text, "start")];
}

interface Fields {
  readonly stay: readonly FieldDefinitionNode[];
  readonly text: string;
  readonly was: ReadonlyMap<string, string>;
  readonly shall: ReadonlyMap<string, JsonMap>;
}

function fieldEdits(field: FieldDefinitionNode, { stay, text, was, shall }: Fields): Edit[] {
  const action = shall.get(field.name.value);
  if (!stay.includes(field) || action === undefined) return [withoutLines(field, text)];
  if (was.get(field.name.value) === actionSdl(action)) return [];
  const { start, end } = rangeOf(field);
  return [{ start, end, text: actionField(action) }];
}

function typeEdits(types: readonly DefinitionNode[], { text, before, after }: SdlPatch): Edit[] {
  const was = typesOf(before);
  const shall = typesOf(after);
  const kept = new Set<string>();
  let last: DefinitionNode | undefined;
  const edits = types.flatMap((node) => {
    const key = typeKey(node);
    // Something that has no effect, such as an interface.
    if (key === undefined) return [];
    const sdl = shall.get(key);
    if (sdl === undefined) return [withoutLines(node, text)];
    kept.add(key);
    last = node;
    return sdl === was.get(key) ? [] : [{ ...rangeOf(node), text: sdl }];
  });
  const added = [...shall].filter(([key]) => !kept.has(key)).map(([, sdl]) => sdl);
  return [...edits, ...additions(added, last, text, "end")];
}

function typesOf({ customTypes }: ActionParts): Map<string, string> {
  return new Map(
    typeLists.flatMap((list) =>
      typesIn(customTypes, list).map((type) => [`${list} ${nameIn(type)}`, typeSdl(list, type)]),
    ),
  );
}

const listOfKind: Readonly<Partial<Record<Kind, TypeList>>> = {
  [Kind.SCALAR_TYPE_DEFINITION]: "scalars",
  [Kind.ENUM_TYPE_DEFINITION]: "enums",
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: "input_objects",
  [Kind.OBJECT_TYPE_DEFINITION]: "objects",
};

function typeKey(node: DefinitionNode): string | undefined {
  const list = listOfKind[node.kind];
  const name = "name" in node ? node.name : undefined;
  return list === undefined || name === undefined ? undefined : `${list} ${name.value}`;
}

/** New definitions after the last one of their kind, or at the start or end of the file. */
function additions(
  definitions: readonly string[],
  last: DefinitionNode | undefined,
  text: string,
  otherwise: "start" | "end",
): Edit[] {
  if (definitions.length === 0) return [];
  const joined = definitions.join("\n\n");
  if (last !== undefined) {
    const at = lineEnd(text, rangeOf(last).end);
    return [{ start: at, end: at, text: `\n\n${joined}` }];
  }
  if (otherwise === "start") return [{ start: 0, end: 0, text: `${joined}\n\n` }];
  const gap = text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return [{ start: text.length, end: text.length, text: `${gap}${joined}\n\n` }];
}

/** Removes a definition with its lines, and with the blank lines below. */
function withoutLines(node: DefinitionNode | FieldDefinitionNode, text: string): Edit {
  const { start, end } = rangeOf(node);
  const line = lineStart(text, start);
  const isAlone =
    /^\s*$/.test(text.slice(line, start)) && /^\s*$/.test(text.slice(end, lineEnd(text, end)));
  if (!isAlone) return { start, end, text: "" };
  const below = /^(?:[ \t]*\n)*/.exec(text.slice(lineEnd(text, end) + 1))?.[0].length ?? 0;
  return { start: line, end: Math.min(text.length, lineEnd(text, end) + 1 + below), text: "" };
}

function rangeOf({ loc }: DefinitionNode | FieldDefinitionNode): {
  readonly start: number;
  readonly end: number;
} {
  return { start: loc?.start ?? 0, end: loc?.end ?? 0 };
}

function nameIn({ name }: JsonMap): string {
  return typeof name === "string" ? name : "";
}
