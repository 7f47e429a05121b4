import { HasuraError } from "./hasura-error.ts";
import type { MetadataDocument } from "./metadata-document.ts";
import type { SchemaCache } from "./schema-cache/build-cache.ts";
import type { Dependency, Target } from "./schema-cache/findings.ts";
import { withoutObject } from "./schema-cache/metadata-object.ts";

/** Everything that depends on these objects, also through others; the objects themselves are left out. */
export function dependentsOf(
  { dependencies }: Pick<SchemaCache, "dependencies">,
  isGone: (target: Target) => boolean,
): Target[] {
  const byTarget = new Map<string, Dependency[]>();
  const gone = new Map<string, Target>();
  for (const dependency of dependencies) {
    const { on } = dependency;
    const list = byTarget.get(on.label);
    if (list) list.push(dependency);
    else byTarget.set(on.label, [dependency]);
    if (isGone(on)) gone.set(on.label, on);
  }
  const found = new Map<string, Target>();
  const queue = [...gone.keys()];
  for (let label = queue.pop(); label !== undefined; label = queue.pop())
    for (const { dependent } of byTarget.get(label) ?? [])
      if (!found.has(dependent.label)) {
        found.set(dependent.label, dependent);
        queue.push(dependent.label);
      }
  return [...found.values()];
}

/** @throws HasuraError 400 dependency-error with the list of them, if there are any */
export function refuseDependents(dependents: readonly Target[], path: string): void {
  if (dependents.length === 0) return;
  const labels = dependents.map(({ label }) => label).toSorted();
  throw new HasuraError(
    400,
    "dependency-error",
    `cannot drop due to the following dependent objects: ${labels.join(", ")}`,
    { path },
  );
}

/** The metadata without these objects. */
export function withoutDependents(
  metadata: MetadataDocument,
  { dependencies }: Pick<SchemaCache, "dependencies">,
  dependents: readonly Target[],
): MetadataDocument {
  const labels = new Set(dependents.map(({ label }) => label));
  const objects = new Map(
    dependencies
      .filter(({ dependent }) => labels.has(dependent.label))
      .map(({ metadata: object }) => [object.name, object]),
  );
  return [...objects.values()].reduce(
    (document, object) => withoutObject(document, object),
    metadata,
  );
}
