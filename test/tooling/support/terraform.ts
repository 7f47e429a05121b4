import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "@cdktf/hcl2json";
import * as z from "zod";
import { read } from "./repository.ts";
import type { Statement } from "./template.ts";

export const moduleDirectory = fileURLToPath(new URL("../../../docker/terraform", import.meta.url));

const Blocks = z.record(
  z.string(),
  z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
);
const Default = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
const ModuleFile = z.object({
  variable: z.record(z.string(), z.array(z.object({ default: Default.optional() }))).default({}),
  locals: z.array(z.record(z.string(), z.unknown())).default([]),
  resource: Blocks.default({}),
  data: Blocks.default({}),
});

/** docker/terraform as the HCL parser reads it. Expressions stay texts: `${var.environment}`. */
export const terraform = await parseModule();

async function parseModule() {
  const names = readdirSync(moduleDirectory).filter((name) => name.endsWith(".tf"));
  const files = await Promise.all(
    names.map(async (name) =>
      ModuleFile.parse(await parse(name, read(`docker/terraform/${name}`))),
    ),
  );
  return {
    variables: Object.assign({}, ...files.map(({ variable }) => variable)) as z.infer<
      typeof ModuleFile
    >["variable"],
    locals: Object.assign({}, ...files.flatMap(({ locals }) => locals)) as Record<string, unknown>,
    /** The only block of a resource or data source, by its address: `aws_lambda_function.this`. */
    block: (address: string): Readonly<Record<string, unknown>> => {
      const [type = "", name = ""] = address.split(".");
      for (const { resource, data } of files) {
        const [found] = resource[type]?.[name] ?? data[type]?.[name] ?? [];
        if (found !== undefined) return found;
      }
      throw new Error(`the module has no ${address}`);
    },
  };
}

/** What expressions are worth: Terraform's text of an expression → its value. */
export type Values = Readonly<Record<string, unknown>>;

/** A value with its expressions replaced. Throws for an expression that `values` does not have. */
export function resolve(value: unknown, values: Values): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, values));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, resolve(each, values)]),
    );
  if (typeof value !== "string") return value;
  const valueOf = (expression: string): unknown => {
    if (!(expression in values)) throw new Error(`the test has no value for \${${expression}}`);
    return values[expression];
  };
  const whole = /^\$\{([^]*)\}$/.exec(value)?.[1];
  if (whole !== undefined && !whole.includes("${")) return valueOf(whole);
  return value.replace(/\$\{([^}]*)\}/g, (_, expression: string) => String(valueOf(expression)));
}

const StatementBlock = z
  .object({
    sid: z.string(),
    effect: z.enum(["Allow", "Deny"]).default("Allow"),
    actions: z.array(z.string()),
    resources: z.array(z.string()),
    condition: z
      .array(z.object({ test: z.string(), variable: z.string(), values: z.array(z.string()) }))
      .default([]),
  })
  .transform(({ sid, effect, actions, resources, condition }) => ({
    Sid: sid,
    Effect: effect,
    Action: actions,
    Resource: resources,
    ...(condition.length > 0 && {
      Condition: Object.fromEntries(
        condition.map(({ test, variable, values }) => [test, { [variable]: values }]),
      ),
    }),
  }));

const PolicyDocument = z.object({
  statement: z.array(z.unknown()).default([]),
  dynamic: z
    .object({
      statement: z.array(z.object({ for_each: z.unknown(), content: z.tuple([z.unknown()]) })),
    })
    .default({ statement: [] }),
});

/** The statements of an aws_iam_policy_document, in the words of IAM. */
export function statementsOf(address: string, values: Values): Statement[] {
  const { statement, dynamic } = PolicyDocument.parse(terraform.block(address));
  const conditional = dynamic.statement.flatMap(({ for_each, content: [content] }) =>
    z
      .array(z.unknown())
      .parse(resolve(for_each, values))
      .map(() => content),
  );
  return [...statement, ...conditional].map((each) => StatementBlock.parse(resolve(each, values)));
}
