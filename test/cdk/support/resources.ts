import * as z from "zod";
import type { Stack } from "../../tooling/support/template.ts";

/** A resource without what the CDK and a template written by hand may spell differently. */
export type Resource = Readonly<Record<string, unknown>> & { readonly Type: string };

const Document = z.object({
  Version: z.string(),
  Statement: z.array(z.record(z.string(), z.unknown())),
});
const InlinePolicies = z.array(z.object({ PolicyName: z.string(), PolicyDocument: Document }));
const Rules = z.array(z.looseObject({ IpProtocol: z.string(), CidrIp: z.string().optional() }));

/**
 * Every resource of a stack with its properties, sorted. Not compared: tags, which the CDK puts on more resources, and logical
 * names. Compared as one: a role's policy inside the role or beside it, a value alone or as a list of one, and what CloudFormation
 * assumes where nothing is said (the path of a policy, a security group's outgoing traffic).
 */
export function resourcesOf(stack: Stack): Resource[] {
  const resources = stack.resources.flatMap((name) => {
    const properties = Object.entries(stack.properties(name) ?? {}).filter(
      ([key]) => key !== "Tags",
    );
    return spelledAlike(stack.typeOf(name), Object.fromEntries(properties));
  });
  const texts = resources.map((resource) => ({ resource, text: sortedJson(resource) }));
  return texts
    .toSorted((one, other) => (one.text < other.text ? -1 : 1))
    .map(({ resource }) => resource);
}

function spelledAlike(Type: string, properties: Readonly<Record<string, unknown>>): Resource[] {
  switch (Type) {
    case "AWS::IAM::Role": {
      const { Policies = [], ...role } = properties;
      return [
        { Type, ...role, AssumeRolePolicyDocument: document(role["AssumeRolePolicyDocument"]) },
        ...InlinePolicies.parse(Policies).map(rolePolicy),
      ];
    }
    case "AWS::IAM::RolePolicy":
      return InlinePolicies.parse([properties]).map(rolePolicy);
    case "AWS::IAM::ManagedPolicy":
      return [
        { Path: "/", ...properties, Type, PolicyDocument: document(properties["PolicyDocument"]) },
      ];
    case "AWS::EC2::SecurityGroup": {
      const { SecurityGroupEgress = [], ...group } = properties;
      const rules = Rules.parse(SecurityGroupEgress).filter(
        ({ IpProtocol }) => IpProtocol !== "-1",
      );
      return [{ Type, ...group, ...(rules.length > 0 && { SecurityGroupEgress: rules }) }];
    }
    default:
      return [{ Type, ...properties }];
  }
}

function rolePolicy({ PolicyName, PolicyDocument }: z.infer<typeof InlinePolicies>[number]) {
  return { Type: "AWS::IAM::RolePolicy", PolicyName, PolicyDocument: document(PolicyDocument) };
}

/** Every statement with lists of actions and resources. */
function document(value: unknown) {
  const { Version, Statement } = Document.parse(value);
  const list = (one: unknown) => (one === undefined ? undefined : [one].flat());
  return {
    Version,
    Statement: Statement.map(({ Action, Resource, ...statement }) => ({
      ...statement,
      Action: list(Action),
      Resource: list(Resource),
    })),
  };
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
