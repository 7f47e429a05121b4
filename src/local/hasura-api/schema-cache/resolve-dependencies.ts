import type { Dependency, Findings } from "./findings.ts";
import { inconsistentObject, type Inconsistency } from "./inconsistency.ts";
import { whyMissing } from "./schema-object.ts";

/**
 * Finds the objects whose dependencies do not exist, then those that depend on these, and so on. An object is reported once for
 * every reason, as by the server (its Schema/Cache/Dependencies.hs). Returns the dependencies that exist.
 */
export function resolveDependencies(findings: Findings): readonly Dependency[] {
  const { existing } = findings;
  const exists = (label: string): boolean => existing.has(label);
  let found: readonly Dependency[] = findings.dependencies;
  for (;;) {
    const lacking = found.filter(({ on }) => !exists(on.label));
    if (lacking.length === 0) return found;
    findings.add(
      ...distinct(
        lacking.map(({ metadata, on }) =>
          inconsistentObject(metadata, whyMissing(on.object, exists), { isMissingName: true }),
        ),
      ),
    );
    found = found.filter(({ on }) => exists(on.label));
    for (const { dependent } of lacking) existing.delete(dependent.label);
  }
}

function distinct(found: readonly Inconsistency[]): Inconsistency[] {
  return [...new Map(found.map((each) => [JSON.stringify(each.report), each])).values()];
}
