import * as z from "zod";
import { bodyOf, type HasuraRequests } from "./request.ts";

const Table = z.looseObject({ table: z.looseObject({ schema: z.string(), name: z.string() }) });
export type TrackedTable = z.infer<typeof Table>;

const Exported = z.object({
  resource_version: z.int(),
  metadata: z.looseObject({
    version: z.int(),
    sources: z.array(
      z.looseObject({ name: z.string(), kind: z.string(), tables: z.array(Table).default([]) }),
    ),
  }),
});
export type ExportedMetadata = z.infer<typeof Exported>;

export async function exportMetadata(requests: HasuraRequests): Promise<ExportedMetadata> {
  const answer = await requests.metadata("export_metadata", {}, { version: 2 });
  return Exported.parse(bodyOf(answer));
}

const mostTries = 10;

/** Changes which tables a source tracks, and nothing else; again where another writer came in between. */
export async function replaceTables(
  requests: HasuraRequests,
  source: string,
  change: (tables: readonly TrackedTable[]) => readonly TrackedTable[],
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { resource_version, metadata } = await exportMetadata(requests);
    const sources = metadata.sources.map((one) =>
      one.name === source ? { ...one, tables: change(one.tables) } : one,
    );
    if (JSON.stringify(sources) === JSON.stringify(metadata.sources)) return;
    const answer = await requests.metadata(
      "replace_metadata",
      { allow_inconsistent_metadata: true, metadata: { ...metadata, sources } },
      { version: 2, resource_version },
    );
    if (answer.status === 409 && tries < mostTries) continue;
    bodyOf(answer);
    return;
  }
}
