import type { JsonMap } from "../../../metadata/document/json.ts";
import { HasuraError } from "../hasura-error.ts";
import { mapsAt, textAt, textsAt, type MetadataDocument } from "../metadata-document.ts";
import { operations } from "../document/read-permission.ts";
import { targetOf, type Findings } from "./findings.ts";
import { NotBuilt, quoted } from "./inconsistency.ts";
import { listedObject } from "./metadata-object.ts";

/**
 * The inherited roles. Each depends on its parents.
 * @throws HasuraError if roles inherit from each other in a circle
 */
export function buildRoles(metadata: MetadataDocument, findings: Findings): void {
  const inherited = mapsAt(metadata, "inherited_roles");
  const known = rolesOf(metadata);
  for (const role of known) findings.exists(targetOf({ kind: "role", name: role }));
  refuseCircles(inherited);
  for (const entry of inherited) {
    const name = textAt(entry, "role_name");
    const parents = [...new Set(textsAt(entry, "role_set"))];
    const object = listedObject("inherited_roles", entry);
    const built = findings.attempt(object, `in inherited role ${name}: `, () => {
      const missing = parents.filter((parent) => !known.has(parent));
      if (missing.length > 0)
        throw new NotBuilt(
          `the following parent role(s) are not found: ${missing.join(", ")} which are required to construct the inherited role: ${quoted(name)}`,
        );
      return true;
    });
    if (built !== undefined)
      findings.depends(
        object,
        targetOf({ kind: "role", name }),
        parents.map((parent) => targetOf({ kind: "role", name: parent })),
      );
  }
}

/** The roles that some permission names, and the inherited ones. */
function rolesOf(metadata: MetadataDocument): ReadonlySet<string> {
  const holders = [...mapsAt(metadata, "actions"), ...mapsAt(metadata, "remote_schemas")].flatMap(
    (entry) => mapsAt(entry, "permissions"),
  );
  const ofTables = metadata.sources.flatMap(({ tables, ...source }) => [
    ...tables.flatMap((table) =>
      operations.flatMap((operation) => mapsAt(table, `${operation}_permissions`)),
    ),
    ...mapsAt(source, "logical_models").flatMap((model) => mapsAt(model, "select_permissions")),
  ]);
  return new Set([
    ...[...holders, ...ofTables].map((entry) => textAt(entry, "role")),
    ...mapsAt(metadata, "inherited_roles").map((entry) => textAt(entry, "role_name")),
  ]);
}

function refuseCircles(inherited: readonly JsonMap[]): void {
  const parents = new Map(
    inherited.map((entry) => [textAt(entry, "role_name"), textsAt(entry, "role_set")]),
  );
  for (const role of parents.keys()) {
    const circle = circleFrom(role, [role], parents);
    if (circle !== undefined)
      throw new HasuraError(
        400,
        "cyclic-dependency",
        `found cycle(s) in roles: ${JSON.stringify(circle)}`,
        { path: "$.args" },
      );
  }
}

function circleFrom(
  start: string,
  path: readonly string[],
  parents: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  for (const parent of parents.get(path.at(-1) ?? "") ?? []) {
    if (parent === start) return [...path, start];
    if (path.includes(parent)) continue;
    const found = circleFrom(start, [...path, parent], parents);
    if (found !== undefined) return found;
  }
  return undefined;
}
