import type { EventOf } from "../../protocol/events.ts";
import { compareVersions } from "../../protocol/migration.ts";
import { operationNames, operations } from "../../protocol/operations.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { inventoryOf, type InventoryEntry } from "../project/inventory.ts";
import { emptyProject, type Project } from "../project/project.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";
import { versionsInDoubt } from "./evidence.ts";

type Inventory = EventOf<"inventory">;
type DatabaseInventory = Inventory["databases"][number];

const uploadOperations = operationNames.filter((name) => operations[name].takesUploads);

/** This many versions, with their digests, fit into one line. */
const versionsPerEvent = 500;

/**
 * `inventory`: the files of the image and the applied versions, in as many events as needed. `image` is undefined for an image
 * without a project; the session's databases are read without files.
 */
export async function showInventory(
  image: Project | undefined,
  { databases }: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const files = await inventoryOf(image ?? emptyProject(3));
  const names = new Set([...files.databases.keys(), ...databases.map((of) => of.database.name)]);
  const parts = [...names].flatMap((name) =>
    partsOf(
      name,
      files.databases.get(name) ?? [],
      databases.find(({ database }) => database.name === name),
    ),
  );
  const about = {
    type: "inventory",
    ...(engine.takesUploads === true
      ? { sources: ["image", "upload"], uploadOperations }
      : { sources: ["image"] }),
    protected: engine.protected === true,
    digest: files.digest,
    ...(image && { configVersion: image.configVersion }),
  } as const;
  const last = parts.pop();
  for (const part of parts) await emit(engine, { ...about, databases: [part], more: true });
  await emit(engine, { ...about, databases: last ? [last] : [] });
  return nothingDone;
}

function partsOf(
  database: string,
  entries: readonly InventoryEntry[],
  state: EngineSession["databases"][number] | undefined,
): DatabaseInventory[] {
  const applied = [...(state?.recorded.keys() ?? [])].sort(compareVersions);
  const inDoubt = state ? [...versionsInDoubt(state)] : [];
  const count = Math.max(1, Math.ceil(Math.max(entries.length, applied.length) / versionsPerEvent));
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * versionsPerEvent, (i + 1) * versionsPerEvent];
    const listed = entries.slice(from, to);
    return {
      database,
      versions: listed.map(({ version }) => version),
      digests: listed.map(({ digest }) => digest),
      applied: applied.slice(from, to),
      ...(i === 0 && inDoubt.length > 0 && { inDoubt }),
    };
  });
}
