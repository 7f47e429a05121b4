import { isCollection, isScalar, Pair, parseDocument, Scalar, visit, YAMLMap } from "yaml";
import * as z from "zod";
import { read } from "./repository.ts";

export const Template = z.object({
  Parameters: z
    .record(
      z.string(),
      z.object({
        Type: z.string(),
        Description: z.string().optional(),
        Default: z.union([z.string(), z.number()]).optional(),
        AllowedPattern: z.string().optional(),
      }),
    )
    .default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Condition: z.string().optional(),
      DeletionPolicy: z.string().optional(),
      Properties: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type Template = z.infer<typeof Template>;

const shortForms = ["Ref", "Sub", "If", "Equals", "Not", "And", "Or", "Condition"].concat([
  "GetAtt",
  "Join",
  "Select",
  "Split",
]);

/** docker/template.yaml, with every `!Name x` in its long form, `{ "Fn::Name": x }`. */
export const template = Template.parse(parseTemplate(read("docker/template.yaml")));

function parseTemplate(text: string): unknown {
  const customTags = shortForms.flatMap((name) => [
    { tag: `!${name}`, resolve: (value: string) => value },
    { tag: `!${name}`, collection: "seq" as const },
  ]);
  const document = parseDocument(text, { customTags });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  visit(document, {
    Node: (_, node) => {
      if (!(isScalar(node) || isCollection(node)) || !node.tag?.startsWith("!")) return undefined;
      const name = node.tag.slice(1);
      delete node.tag;
      const long = new YAMLMap();
      long.items.push(
        new Pair(new Scalar(name === "Ref" || name === "Condition" ? name : `Fn::${name}`), node),
      );
      return long;
    },
  });
  return document.toJS();
}

/** A statement of an IAM policy, resolved. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const policy = z.object({
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Effect: z.enum(["Allow", "Deny"]),
      Action: oneOrMore,
      Resource: oneOrMore,
    }),
  ),
});

/** The template with its parameters filled in, as CloudFormation would do it. */
export interface Stack {
  /** The properties of a resource; undefined if the resource's condition does not hold. */
  properties(resource: string): Readonly<Record<string, unknown>> | undefined;
  /** The statements of a policy, of a resource that exists in this stack. */
  statements(resource: string): readonly Statement[];
  /** The resources that exist in this stack, by their logical names. */
  readonly resources: readonly string[];
  /** The type of a resource, such as AWS::IAM::Role. */
  typeOf(resource: string): string;
}

/** The value of AWS::NoValue; CloudFormation drops a property that has it. */
const noValue = Symbol("AWS::NoValue");
const pseudoParameters: Readonly<Record<string, unknown>> = {
  "AWS::Partition": "aws",
  "AWS::Region": "eu-west-1",
  "AWS::AccountId": "111122223333",
  "AWS::NoValue": noValue,
};

/**
 * The stack of docker/template.yaml, or of another template, with these parameters. Throws for a parameter that the template
 * does not have, and for an intrinsic function that neither this template nor one of the CDK uses.
 */
export function stackOf(
  parameters: Readonly<Record<string, string>>,
  from: Template = template,
): Stack {
  for (const name of Object.keys(parameters))
    if (!(name in from.Parameters)) throw new Error(`the template has no parameter ${name}`);

  const reference = (name: string): unknown => {
    if (name in pseudoParameters) return pseudoParameters[name];
    const parameter = from.Parameters[name];
    if (parameter !== undefined) {
      const value = parameters[name] ?? parameter.Default ?? `a ${name}`;
      if (parameter.Type.startsWith("List<")) return String(value).split(",");
      return parameter.Type === "Number" ? Number(value) : value;
    }
    const { Type, Properties } = from.Resources[name] ?? noResource(name);
    switch (Type) {
      case "AWS::Lambda::Function":
        return resolve(Properties["FunctionName"]);
      case "AWS::Lambda::Alias":
        return `arn:aws:lambda:eu-west-1:111122223333:function:${String(resolve(Properties["FunctionName"]))}:${String(Properties["Name"])}`;
      case "AWS::EC2::SecurityGroup":
        return `the security group ${String(resolve(Properties["GroupDescription"]))}`;
      default:
        return `the ${Type}`;
    }
  };
  const attribute = (name: string): string => {
    const [resource = "", attributeName = ""] = name.split(".");
    const value = String(reference(resource));
    const { Type } = from.Resources[resource] ?? noResource(resource);
    if (Type === "AWS::Lambda::Function" && attributeName === "Arn")
      return `arn:aws:lambda:eu-west-1:111122223333:function:${value}`;
    return attributeName === "GroupId" ? value : `${value}.${attributeName}`;
  };
  const holds = (condition: string): boolean => resolve(from.Conditions[condition]) === true;

  const substitute = (text: string, values: Readonly<Record<string, unknown>>): string =>
    text.replace(/\$\{([\w:.]+)\}/g, (_, name: string) => {
      const value = name in values ? resolve(values[name]) : reference(name);
      return name.includes(".") ? attribute(name) : String(value);
    });

  const intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (name) => reference(z.string().parse(name)),
    Condition: (name) => holds(z.string().parse(name)),
    "Fn::GetAtt": (name) =>
      attribute([z.union([z.string(), z.array(z.string())]).parse(name)].flat().join(".")),
    "Fn::Join": (argument) => {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return parts.map((part) => String(resolve(part))).join(separator);
    },
    "Fn::Sub": (argument) => {
      const [text, values = {}] = z
        .union([
          z.string().transform((only) => [only] as const),
          z.tuple([z.string(), z.record(z.string(), z.unknown())]),
        ])
        .parse(argument);
      return substitute(text, values);
    },
    "Fn::If": (argument) => {
      const [condition, yes, no] = z.tuple([z.string(), z.unknown(), z.unknown()]).parse(argument);
      return resolve(holds(condition) ? yes : no);
    },
    "Fn::Equals": (argument) => {
      const [one, other] = z.tuple([z.unknown(), z.unknown()]).parse(argument);
      return String(resolve(one)) === String(resolve(other));
    },
    "Fn::Not": (argument) => resolve(z.tuple([z.unknown()]).parse(argument)[0]) !== true,
    "Fn::Split": (argument) => {
      const [separator, text] = z.tuple([z.string(), z.unknown()]).parse(argument);
      return String(resolve(text)).split(separator);
    },
    "Fn::Select": (argument) => {
      const [index, list] = z.tuple([z.number(), z.unknown()]).parse(argument);
      const chosen = z.array(z.string()).parse(resolve(list))[index];
      if (chosen === undefined) throw new Error(`Fn::Select finds nothing at ${String(index)}`);
      return chosen;
    },
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((element) => element !== noValue);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [name = "", argument] = entries[0] ?? [];
    const intrinsic = intrinsics[name];
    if (intrinsic !== undefined && entries.length === 1) return intrinsic(argument);
    if (name.startsWith("Fn::")) throw new Error(`the test cannot resolve ${name}`);
    return Object.fromEntries(
      entries
        .map(([key, element]) => [key, resolve(element)] as const)
        .filter(([, element]) => element !== noValue),
    );
  }

  const exists = (name: string): boolean => {
    const condition = from.Resources[name]?.Condition;
    return condition === undefined || holds(condition);
  };
  const properties = (name: string): Record<string, unknown> | undefined => {
    const resource = from.Resources[name] ?? noResource(name);
    return exists(name)
      ? z.record(z.string(), z.unknown()).parse(resolve(resource.Properties))
      : undefined;
  };
  return {
    properties,
    statements: (name) => policy.parse(properties(name)?.["PolicyDocument"]).Statement,
    resources: Object.keys(from.Resources).filter(exists),
    typeOf: (name) => (from.Resources[name] ?? noResource(name)).Type,
  };
}

function noResource(name: string): never {
  throw new Error(`the template has no resource ${name}`);
}

/** Whether IAM would allow an action on a resource: a statement allows it, and none denies it. */
export function allows(statements: readonly Statement[], action: string, arn: string): boolean {
  const matching = statements.filter(
    (statement) =>
      statement.Action.some((pattern) => matches(pattern, action)) &&
      statement.Resource.some((pattern) => matches(pattern, arn)),
  );
  return matching.length > 0 && matching.every(({ Effect }) => Effect === "Allow");
}

/** IAM's wildcards: `*` for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(text);
}
