import {
  Kind,
  type ASTNode,
  type DefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  type StringValueNode,
  type TypeNode,
} from "graphql";
import type { SourceText, Spot } from "../document/source-text.ts";
import { placeOf } from "../document/source-text.ts";
import type { MetadataProblem } from "../problem.ts";
import type { TypeList } from "./actions-yaml.ts";
import { badSdl, parseSdl } from "./parse-sdl.ts";

/** A field of a type, an argument of an action, or a value of an enum. */
export interface SdlMember {
  readonly name: string;
  /** `[User!]!`; absent for the value of an enum. */
  readonly type?: string;
  readonly description: string | null;
  readonly spot: Spot;
}

export interface SdlAction {
  readonly name: string;
  readonly type: "query" | "mutation";
  readonly outputType: string;
  readonly arguments: readonly SdlMember[];
  readonly spot: Spot;
}

export interface SdlType {
  readonly list: TypeList;
  readonly name: string;
  readonly description: string | null;
  readonly members: readonly SdlMember[];
  readonly spot: Spot;
}

export interface ConvertedSdl {
  readonly actions: readonly SdlAction[];
  readonly types: readonly SdlType[];
  readonly problems: readonly MetadataProblem[];
}

/**
 * Converts actions.graphql as the Hasura CLI's extension does (docs/internals/hasura-metadata.md, "Conversion of the SDL").
 * @throws MetadataFailure for a syntax error, and for a definition that is neither an action nor a custom type
 */
export function convertSdl(source: SourceText): ConvertedSdl {
  const definitions = parseSdl(source);
  const operations = definitions.filter(isOperationType);
  const others = definitions.filter((definition) => !isOperationType(definition));
  return {
    types: others.flatMap((definition) => typeOf(definition, source) ?? []),
    actions: operations.flatMap((definition) => actionsOf(definition, source)),
    problems: others.flatMap((definition) => ignored(definition, source)),
  };
}

type OperationType = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

/** True for a type whose fields are actions. */
export function isOperationType(definition: DefinitionNode): definition is OperationType {
  return (
    (definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.OBJECT_TYPE_EXTENSION) &&
    ["Query", "Mutation"].includes(definition.name.value)
  );
}

function actionsOf({ name, fields = [] }: OperationType, source: SourceText): SdlAction[] {
  return fields.map((field) => ({
    name: field.name.value,
    type: name.value === "Query" ? "query" : "mutation",
    outputType: typeText(field.type),
    arguments: (field.arguments ?? []).map((argument) => memberOf(argument, source)),
    spot: spotOf(field.name, source),
  }));
}

/** Undefined for an interface, which has no effect. */
function typeOf(definition: DefinitionNode, source: SourceText): SdlType | undefined {
  const named = (list: TypeList, node: NamedNode, members: readonly SdlMember[]): SdlType => ({
    ...{ list, members },
    name: node.name.value,
    description: descriptionOf(node),
    spot: spotOf(node.name, source),
  });
  switch (definition.kind) {
    case Kind.SCALAR_TYPE_DEFINITION:
      return named("scalars", definition, []);
    case Kind.ENUM_TYPE_DEFINITION:
      return named("enums", definition, valuesOf(definition.values ?? [], source));
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return named("input_objects", definition, membersOf(definition.fields ?? [], source));
    case Kind.OBJECT_TYPE_DEFINITION:
      return named("objects", definition, membersOf(definition.fields ?? [], source));
    case Kind.INTERFACE_TYPE_DEFINITION:
      return undefined;
    default:
      throw badSdl(source, definition.loc?.start ?? 0, `${inWords(definition)} not supported`);
  }
}

function inWords({ kind }: DefinitionNode): string {
  switch (kind) {
    case Kind.UNION_TYPE_DEFINITION:
      return "union types are";
    case Kind.DIRECTIVE_DEFINITION:
      return "definitions of directives are";
    case Kind.SCHEMA_DEFINITION:
    case Kind.SCHEMA_EXTENSION:
      return "a schema definition is";
    case Kind.OPERATION_DEFINITION:
    case Kind.FRAGMENT_DEFINITION:
      return "queries and fragments are";
    default:
      return "extend is only possible for Query and Mutation; the extension of another type is";
  }
}

function ignored(definition: DefinitionNode, source: SourceText): MetadataProblem[] {
  if (definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
  return [
    {
      severity: "warning",
      code: "metadata-ignored",
      message: `The interface ${definition.name.value} has no effect: Hasura's custom types cannot be interfaces.`,
      place: placeOf(spotOf(definition.name, source)),
      advice: "Remove it.",
    },
  ];
}

interface Described {
  readonly description?: StringValueNode | undefined;
}
interface NamedNode extends Described {
  readonly name: ASTNode & { readonly value: string };
}

function membersOf(
  fields: readonly (FieldDefinitionNode | InputValueDefinitionNode)[],
  source: SourceText,
): SdlMember[] {
  return fields.map((field) => memberOf(field, source));
}

function memberOf(
  node: FieldDefinitionNode | InputValueDefinitionNode,
  source: SourceText,
): SdlMember {
  return { ...untypedMember(node, source), type: typeText(node.type) };
}

function valuesOf(values: readonly NamedNode[], source: SourceText): SdlMember[] {
  return values.map((value) => untypedMember(value, source));
}

function untypedMember(node: NamedNode, source: SourceText): SdlMember {
  return {
    name: node.name.value,
    description: descriptionOf(node),
    spot: spotOf(node.name, source),
  };
}

function descriptionOf({ description }: Described): string | null {
  return description === undefined ? null : description.value.trim();
}

function typeText(type: TypeNode): string {
  switch (type.kind) {
    case Kind.NAMED_TYPE:
      return type.name.value;
    case Kind.LIST_TYPE:
      return `[${typeText(type.type)}]`;
    case Kind.NON_NULL_TYPE:
      return `${typeText(type.type)}!`;
  }
}

function spotOf({ loc }: ASTNode, source: SourceText): Spot {
  return { source, offset: loc?.start ?? 0 };
}
