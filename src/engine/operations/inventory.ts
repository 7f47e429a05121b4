import type { EventOf } from "../../protocol/events.ts";
import { compareVersions } from "../../protocol/migration.ts";
import { operationNames, operations, takesSeeds } from "../../protocol/operations.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { inventoryOf, type InventoryEntry } from "../project/inventory.ts";
import { emptyProject, type Project } from "../project/project.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";
import type { SeedRecord } from "../store/store.ts";
import { versionsInDoubt } from "./evidence.ts";

type Inventory = EventOf<"inventory">;
type DatabaseInventory = Inventory["databases"][number];

/** Those that use migrations, and those that use seeds. */
const uploadOperations = operationNames.filter(
  (name) => operations[name].takesUploads || takesSeeds(name),
);

/** This many versions, with their digests, fit into one line. */
const versionsPerEvent = 500;
/** This many seeds, whose names can be long, fit into one line. */
const seedsPerEvent = 50;

type Seed = NonNullable<DatabaseInventory["seeds"]>[number];

/**
 * `inventory`: the files of the image and the applied versions, in as many events as needed. `image` is undefined for an image
 * without a project; the session's databases are read without files.
 */
export async function showInventory(
  { options }: RequestOf<"inventory">,
  image: Project | undefined,
  { databases }: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const files = await inventoryOf(image ?? emptyProject(3));
  const names = new Set([...files.databases.keys(), ...databases.map((of) => of.database.name)]);
  const parts: DatabaseInventory[] = [];
  for (const name of names) {
    const state = databases.find(({ database }) => database.name === name);
    const seeds = options.seeds === true ? await seedsOf(state) : undefined;
    parts.push(...partsOf(name, files.databases.get(name) ?? [], state, seeds));
  }
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

async function seedsOf(state: EngineSession["databases"][number] | undefined): Promise<Seed[]> {
  const records = (await state?.store.seeds.read()) ?? new Map<string, SeedRecord>();
  return [...records].map(([name, { checksum }]) => ({ name, checksum }));
}

function partsOf(
  database: string,
  entries: readonly InventoryEntry[],
  state: EngineSession["databases"][number] | undefined,
  seeds: readonly Seed[] | undefined,
): DatabaseInventory[] {
  const applied = [...(state?.recorded.keys() ?? [])].sort(compareVersions);
  const inDoubt = state ? [...versionsInDoubt(state)] : [];
  const count = Math.max(
    1,
    Math.ceil(Math.max(entries.length, applied.length) / versionsPerEvent),
    Math.ceil((seeds?.length ?? 0) / seedsPerEvent),
  );
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * versionsPerEvent, (i + 1) * versionsPerEvent];
    const listed = entries.slice(from, to);
    return {
      database,
      versions: listed.map(({ version }) => version),
      digests: listed.map(({ digest }) => digest),
      applied: applied.slice(from, to),
      ...(i === 0 && inDoubt.length > 0 && { inDoubt }),
      ...(seeds && { seeds: seeds.slice(i * seedsPerEvent, (i + 1) * seedsPerEvent) }),
    };
  });
}
