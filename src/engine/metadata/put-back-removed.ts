import type { JsonMap } from "../../metadata/document/json.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Request } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import type { DatabaseFacts } from "../plan/indexed-database.ts";
import type { EngineSession } from "../session.ts";
import type { MetadataRecord } from "../store/store.ts";
import { differencesTo, type Differences } from "./differences.ts";
import { permissionsOutside, permissionsThatUse, type RemovedFrom } from "./intermediate.ts";
import { recordsOfProject, type RecordsOfProject } from "./open-session.ts";
import {
  metadataBefore,
  putBackConsistent,
  withPermissionsOf,
  type MetadataBefore,
  type PutBack,
  type Removal,
} from "./put-back.ts";
import { readServerMetadata } from "./read-server.ts";
import { replaceMetadata } from "./replace-metadata.ts";
import { removedSince } from "./removed-since.ts";
import { replacementNumber } from "./replacement-numbers.ts";

/** A deployment, and where it and earlier ones have recorded what they removed from the metadata. */
export interface RemovedBy extends RecordsOfProject {
  readonly request: Pick<Request, "environment" | "part">;
  /** The run's databases at its beginning. */
  readonly databases: readonly DatabaseFacts[];
  /** What this invocation has removed. */
  readonly removal?: Removal | undefined;
}

/** What a deployment that failed has done before. */
export interface DoneBefore {
  /** True if all migrations are applied. */
  readonly areApplied: boolean;
  /** What the migrations that it has applied removed. */
  readonly removals: readonly RemovedFrom[];
}

/** The same with what earlier invocations or killed runs have done. */
interface Done extends DoneBefore {
  /** The databases for which that is known; absent if nothing was done before. */
  readonly known?: ReadonlySet<string>;
}

export const nothingApplied: DoneBefore = { areApplied: false, removals: [] };

/** A deployment that has removed nothing itself. */
export function removedBy(
  request: Request,
  session: Pick<EngineSession, "databases">,
  engine: EngineContext,
): Omit<RemovedBy, "removal"> {
  const { databases } = session;
  return { request, databases, ...recordsOfProject(request, session, engine) };
}

/** Why objects that earlier runs had removed are not put back. */
const reasons: Record<NonNullable<MetadataBefore["lacks"]>, string> = {
  "not-kept":
    "an earlier run had removed objects from the metadata, and the ledger has no copy of them",
  unreadable:
    "objects that an earlier run may have removed from the metadata could not be read from the ledger",
  changed:
    "an earlier run had removed objects from the metadata, which are not put back because someone has changed the metadata since",
};

/**
 * After a deployment that failed: puts back the objects that were removed from the metadata by this run, or by runs that were killed, as
 * far as they are consistent, unless somebody has changed the metadata since. Also after a cancellation. Never throws.
 */
export async function putBackRemoved(
  removed: RemovedBy,
  done: DoneBefore,
  engine: EngineContext,
): Promise<void> {
  const { removal, records, otherRecords } = removed;
  let isMissing = removal !== undefined;
  try {
    const server = await readServerMetadata(engine);
    const ledgers = [...records, ...(await otherRecords(server))];
    const before = await metadataBefore(removal, server, ledgers);
    if (before === undefined) return;
    isMissing = true;
    const { document, lacks, since } = before;
    const all: Done = since === undefined ? done : await withEarlier(since, removed, done, engine);
    if (document) await putBack(document, server, { ...removed, ...all }, engine);
    if (lacks) await warnNotPutBack(reasons[lacks], engine);
  } catch (error) {
    // Without a ledger that can be read, it is not known whether an earlier run has removed anything.
    if (!isMissing) return;
    const failure = hasuraFailure(error, "putting back the metadata");
    const message = failure instanceof Failure ? failure.message : String(failure);
    await warnNotPutBack(
      `the objects that had been removed from the metadata could not be put back: ${message.replace(/\.$/, "")}`,
      engine,
    );
  }
}

/** The same with what earlier invocations or killed runs have done; if that is not known, they may have done everything. */
async function withEarlier(
  since: string,
  { databases }: Pick<RemovedBy, "databases">,
  { areApplied, removals }: DoneBefore,
  engine: EngineContext,
): Promise<Done> {
  const earlier = await removedSince(since, databases, engine);
  return earlier === undefined
    ? { areApplied: true, removals }
    : {
        ...{ areApplied, removals: [...earlier, ...removals] },
        known: new Set(databases.map(({ database }) => database.name)),
      };
}

async function putBack(
  document: JsonMap,
  server: ServerMetadata,
  { areApplied, removals, known, ...removed }: RemovedBy & Done,
  engine: EngineContext,
): Promise<void> {
  const outside = known === undefined ? [] : permissionsOutside(known, document);
  const old = new Set([...permissionsThatUse(removals, document), ...outside]);
  const wanted = withPermissionsOf(server, document, (name) => areApplied || old.has(name));
  const { isReplaced, ...result } = await putBackConsistent(wanted.document, server, (attempt) =>
    replaceWith(attempt, server, removed, engine),
  );
  const leftOut = [...wanted.leftOut, ...result.leftOut];
  if (isReplaced) await reportPutBack(engine);
  if (leftOut.length > 0)
    await warnNotPutBack(
      `some objects that had been removed from the metadata were not put back, because they may no longer match the schema: ${shortenList(leftOut)}`,
      engine,
    );
}

/** Also for a run that was asked to stop. */
function replaceWith(
  { document, allowInconsistent }: PutBack,
  server: ServerMetadata,
  { request: { environment, part }, records: [record] }: RemovedBy,
  engine: EngineContext,
): Promise<unknown> {
  const again = (now: ServerMetadata): Differences => differencesTo(document, now);
  return replaceMetadata(
    {
      number: replacementNumber("putBack", part),
      ...{ shown: again(server), again, allowInconsistent, environment },
      record: unstoppable(record),
    },
    { ...engine, stop: new AbortController().signal },
  );
}

function reportPutBack(engine: EngineContext): Promise<void> {
  return emit(engine, {
    type: "log",
    level: "info",
    code: "metadata-put-back",
    message:
      "The deployment did not succeed. The objects that had been removed from the metadata were put back.",
  });
}

/** `what` completes "The deployment did not succeed, and …". */
export function warnNotPutBack(what: string, engine: EngineContext): Promise<void> {
  return warn(
    engine,
    "metadata-not-put-back",
    `The deployment did not succeed, and ${what}. The next successful apply replaces the metadata.`,
  );
}

/** The record for what is done although the run was asked to stop. */
function unstoppable(record: MetadataRecord | undefined): MetadataRecord | undefined {
  if (record === undefined) return undefined;
  const begin: MetadataRecord["begin"] = async (replacement) => {
    await record.begin(replacement);
    return true;
  };
  return { ...record, begin };
}
