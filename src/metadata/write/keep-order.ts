import type { Json, JsonMap } from "../document/json.ts";

/*
 * Order in lists and maps: what the project has keeps its order, and what only the server has comes after the same item as on the
 * server.
 */

/** The kept items, and the others of `wanted`, which has all of them. */
export function itemsInOrder(
  kept: ReadonlyMap<string, Json>,
  wanted: ReadonlyMap<string, Json>,
): Json[] {
  return namesInOrder([...kept.keys()], [...wanted.keys()]).flatMap((name) => {
    const item = kept.get(name) ?? wanted.get(name);
    return item === undefined ? [] : [item];
  });
}

/** The entries of a map in the order of the project's keys, then of the server's. */
export function entriesInOrder(map: JsonMap, project: JsonMap, server: JsonMap): JsonMap {
  const kept = Object.keys(project).filter((key) => Object.hasOwn(map, key));
  const wanted = [...Object.keys(server), ...Object.keys(map)].filter((key) =>
    Object.hasOwn(map, key),
  );
  return Object.fromEntries(
    namesInOrder(kept, [...new Set(wanted)]).map((key): [string, Json] => [key, map[key] ?? null]),
  );
}

/** The kept names in their order, each followed by the new ones that follow it in `wanted`. */
function namesInOrder(kept: readonly string[], wanted: readonly string[]): string[] {
  const own = new Set(kept);
  const behind = new Map<string | undefined, string[]>();
  let before: string | undefined;
  for (const name of wanted) {
    if (own.has(name)) {
      before = name;
      continue;
    }
    const names = behind.get(before) ?? [];
    names.push(name);
    behind.set(before, names);
  }
  return [
    ...(behind.get(undefined) ?? []),
    ...kept.flatMap((name) => [name, ...(behind.get(name) ?? [])]),
  ];
}
