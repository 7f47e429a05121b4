import * as z from "zod";
import { didYouMean } from "../../did-you-mean.ts";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { functionReference } from "./parse-function-name.ts";
import { FileConfig, keysAt } from "./schema.ts";

export interface Problem {
  /** Dotted path from the file's root; empty for the root itself. */
  readonly path: string;
  readonly message: string;
  /** Where the value is in a configuration of several files, key by key. */
  readonly keys?: readonly string[];
}

/** One file of a configuration, or every problem in it at once. */
export function checkFile(
  json: unknown,
): { readonly config: FileConfig } | { readonly problems: readonly Problem[] } {
  const shape = FileConfig.safeParse(json, checkedOnce);
  const local = localRedefined(json);
  if (!shape.success) return { problems: [...shape.error.issues.flatMap(problemsOf), ...local] };
  return local.length > 0 ? { problems: local } : { config: shape.data };
}

/** What is wrong with a whole configuration, of one file or of several. */
export function checkReferences(config: FileConfig): Problem[] {
  return [...conflictingAliases(config), ...wrongGroups(config)];
}

const WithLocal = z.looseObject({ environments: z.looseObject({ local: z.unknown() }) });

/** A configuration must not point the embedded environment's name at something shared. Checked even if the rest is invalid. */
function localRedefined(json: unknown): Problem[] {
  const named = WithLocal.safeParse(json, checkedOnce);
  return named.success && Object.hasOwn(named.data.environments, "local")
    ? [
        {
          path: "environments.local",
          message: "local is the embedded environment and cannot be redefined",
        },
      ]
    : [];
}

/** An environment that turns aliases on and also names one is ambiguous. */
function conflictingAliases({ defaults = {}, environments = {} }: FileConfig): Problem[] {
  return Object.entries({ ...environments, "": {} }).flatMap(([name, own]) => {
    const { aliases, function: named } = { ...defaults, ...own };
    if (!aliases || named === undefined) return [];
    if (functionReference(named).qualifier === undefined) return [];
    const inDefaults = name === "" || environments[name]?.aliases === undefined;
    return [
      {
        path: name === "" ? "defaults.aliases" : `environments.${name}.aliases`,
        message: `the function ${named} already names an alias; remove one of the two`,
        keys: inDefaults ? ["defaults", "aliases"] : ["environments", name, "aliases"],
      },
    ];
  });
}

/** A group that has unconfigured members, or that has the name of an environment. */
function wrongGroups({ environments = {}, groups = {} }: FileConfig): Problem[] {
  const names = Object.keys(environments);
  return Object.entries(groups).flatMap(([group, members]) => [
    ...(names.includes(group) || group === "local"
      ? [{ path: `groups.${group}`, message: "an environment already has this name" }]
      : []),
    ...members
      .filter((member) => !names.includes(member))
      .map((member) => ({
        path: `groups.${group}`,
        message: `"${member}" is not an environment.${didYouMean(member, names)}`,
        keys: ["groups", group],
      })),
  ]);
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const allowed = keysAt(issue.path);
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: `unknown key.${didYouMean(key, allowed) || ` Known keys: ${allowed.join(", ")}.`}`,
    }));
  }
  if (issue.code === "invalid_key")
    return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code === "invalid_type")
    return [{ path, message: `must be of type ${jsonType(issue.expected)}` }];
  return [{ path, message: issue.message }];
}

/** A type by its name in JSON. */
function jsonType(expected: string): string {
  return expected === "record" ? "object" : expected;
}
