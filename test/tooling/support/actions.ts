import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { read, root } from "./repository.ts";

const step = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  shell: z.string().optional(),
  env: z.record(z.string(), z.string()).default({}),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

/** One step of a job or of a composite action. */
export type ActionStep = z.infer<typeof step>;

const job = z.object({
  uses: z.string().optional(),
  steps: z.array(step).default([]),
  permissions: z.record(z.string(), z.string()).optional(),
  "timeout-minutes": z.number().optional(),
});

const workflow = z.object({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), job),
});

/** A workflow, as far as the tests look at it. */
export type Workflow = z.infer<typeof workflow>;

const action = z.object({
  inputs: z.record(z.string(), z.object({ default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ value: z.string() })),
  runs: z.object({ using: z.literal("composite"), steps: z.array(step) }),
});

/** Every workflow of this repository, by file name. */
export const workflows: ReadonlyMap<string, Workflow> = new Map(
  readdirSync(join(root, ".github/workflows")).map((name) => [
    name,
    workflow.parse(parse(read(`.github/workflows/${name}`))),
  ]),
);

/** The composite action of this repository. */
export const compositeAction = action.parse(parse(read("action.yml")));

/** All steps of a workflow. */
export const stepsOf = ({ jobs }: Workflow): ActionStep[] =>
  Object.values(jobs).flatMap(({ steps }) => steps);

/**
 * The value of a string that may hold `${{ }}` expressions. Knows what action.yml uses: `inputs.NAME`,
 * `github.NAME`, string literals, `A || B` and `format`. Throws at anything else.
 */
export function evaluate(text: string, context: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    evaluateExpression(expression.trim(), context),
  );
}

function evaluateExpression(expression: string, context: Readonly<Record<string, string>>): string {
  const alternatives = expression.split("||").map((part) => part.trim());
  if (alternatives.length > 1) {
    return (
      alternatives.map((part) => evaluateExpression(part, context)).find((value) => value !== "") ??
      ""
    );
  }
  const literal = /^'([^']*)'$/.exec(expression)?.[1];
  if (literal !== undefined) return literal;
  const call = /^format\('([^']*)', (.*)\)$/.exec(expression);
  if (call !== null) {
    const values = (call[2] ?? "")
      .split(",")
      .map((part) => evaluateExpression(part.trim(), context));
    return (call[1] ?? "").replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? "");
  }
  const value = context[expression];
  if (value === undefined) throw new Error(`the test cannot evaluate "${expression}"`);
  return value;
}
