import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import type { MetadataRecord } from "../store/store.ts";
import { checksumOfMetadata } from "./differences.ts";

/** Records one replacement. Only an error before the request fails the run. */
export interface ReplacementRecorder {
  /** Keeps what is about to be replaced; false if the run was asked to stop. */
  begin(server: ServerMetadata): Promise<boolean>;
  end(after: ServerMetadata): Promise<void>;
  forget(): Promise<void>;
}

/** The recorder of the replacement with this number in its run; without a ledger it records nothing. */
export function replacementRecorder(
  record: MetadataRecord | undefined,
  number: number,
  engine: EngineContext,
): ReplacementRecorder {
  const quietly = (write: () => Promise<void> | undefined): Promise<void> =>
    recordQuietly(write, engine);
  return {
    begin: async ({ resourceVersion: version, document }) => {
      if (record === undefined) return true;
      const checksum = checksumOfMetadata(document);
      return record.begin({ number, before: { version, checksum, document } });
    },
    end: ({ resourceVersion: version, document, inconsistent }) =>
      quietly(() => {
        const checksum = checksumOfMetadata(document);
        return record?.end(number, { version, checksum, inconsistent });
      }),
    forget: () => quietly(() => record?.forget(number)),
  };
}

/** Writes a record; an error is only a warning. */
export async function recordQuietly(
  write: () => Promise<void> | undefined,
  engine: EngineContext,
): Promise<void> {
  try {
    await write();
  } catch {
    await warn(
      engine,
      "metadata-not-recorded",
      "The new state of the metadata could not be recorded in the ledger.",
    );
  }
}
