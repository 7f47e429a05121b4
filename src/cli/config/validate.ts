import * as z from "zod";
import { didYouMean } from "../options/did-you-mean.ts";
import { hasQualifier } from "./qualifier.ts";
import { FileConfig, keysAt } from "./schema.ts";

export interface Problem {
  /** Dotted path from the file's root; empty for the root itself. */
  readonly path: string;
  readonly message: string;
}

/** Every problem of a configuration at once, or the configuration. */
export function checkConfig(
  json: unknown,
): { readonly config: FileConfig } | { readonly problems: readonly Problem[] } {
  const shape = FileConfig.safeParse(json);
  const local = redefinesLocal(json);
  if (!shape.success) return { problems: [...shape.error.issues.flatMap(problemsOf), ...local] };
  const problems = [...local, ...aliasTwice(shape.data)];
  return problems.length > 0 ? { problems } : { config: shape.data };
}

const Named = z.looseObject({ environments: z.looseObject({ local: z.unknown() }) });

/** The embedded environment's name: a configuration must not be able to point it at something shared. Told whatever else is wrong. */
function redefinesLocal(json: unknown): Problem[] {
  const named = Named.safeParse(json);
  return named.success && Object.hasOwn(named.data.environments, "local")
    ? [
        {
          path: "environments.local",
          message: "local is the embedded environment and cannot be redefined",
        },
      ]
    : [];
}

/** An environment that asks for aliases and names one: which is meant cannot be told. */
function aliasTwice({ defaults = {}, environments = {} }: FileConfig): Problem[] {
  return Object.entries({ ...environments, "": {} }).flatMap(([name, own]) => {
    const { aliases, function: named } = { ...defaults, ...own };
    if (!aliases || named === undefined || !hasQualifier(named)) return [];
    const path = name === "" ? "defaults.aliases" : `environments.${name}.aliases`;
    return [
      { path, message: `the function ${named} names an alias already; say one or the other` },
    ];
  });
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const allowed = keysAt(issue.path);
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: `unknown key.${didYouMean(key, allowed) || ` Known are ${allowed.join(", ")}.`}`,
    }));
  }
  if (issue.code === "invalid_key")
    return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  return [{ path, message: issue.message.replace(/^Invalid input: /, "") }];
}
