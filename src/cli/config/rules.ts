import type { z } from "zod";
import { didYouMean } from "../suggest.ts";
import { FileConfig, keysAt } from "./schema.ts";

export interface Problem {
  /** Dotted path from the file's root; empty for the root itself. */
  readonly path: string;
  readonly message: string;
}

/** Every problem of a configuration at once, or the configuration. */
export function checkConfig(json: unknown): { readonly config: FileConfig } | { readonly problems: readonly Problem[] } {
  const shape = FileConfig.safeParse(json);
  if (!shape.success) return { problems: shape.error.issues.flatMap(problemsOf) };
  const problems = rules.flatMap((rule) => rule(shape.data));
  return problems.length > 0 ? { problems } : { config: shape.data };
}

const rules: readonly ((config: FileConfig) => Problem[])[] = [
  // The embedded environment's name: a configuration must not be able to point it at something shared.
  (config) =>
    config.environments?.["local"]
      ? [{ path: "environments.local", message: "local is the embedded environment and cannot be redefined" }]
      : [],
];

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const allowed = keysAt(issue.path);
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: `unknown key.${didYouMean(key, allowed) || ` Known are ${allowed.join(", ")}.`}`,
    }));
  }
  if (issue.code === "invalid_key") return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  return [{ path, message: issue.message.replace(/^Invalid input: /, "") }];
}
