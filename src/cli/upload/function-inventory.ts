import type { EventOf } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";
import { takesSeeds, type Operation } from "../../protocol/operations.ts";
import { uploadsNotAllowed } from "../../protocol/upload-failures.ts";

type Inventory = EventOf<"inventory">;

/** One database in the function's inventory. */
export interface KnownDatabase {
  /** The hash of each migration in the image, by version. */
  readonly digests: ReadonlyMap<Version, string>;
  readonly applied: ReadonlySet<Version>;
  /** Applied versions that an earlier run did not finish. */
  readonly inDoubt: ReadonlySet<Version>;
  /** The checksum of each seed that was run, by name; absent if it was not asked for. */
  readonly seeds?: ReadonlyMap<string, string>;
}

/** What the function has, as far as an upload depends on it. */
export interface FunctionInventory {
  /** The hash of all files in the image. */
  readonly digest: string;
  readonly databases: ReadonlyMap<string, KnownDatabase>;
}

/**
 * The parts of the function's answer as one. Throws `usage/uploads-not-allowed` if the environment accepts no uploads,
 * `usage/function-too-old-for-uploads` if the function takes none for the operation, and `unreachable/no-answer` if there is no answer.
 */
export function functionInventory(
  events: readonly { readonly type: string }[],
  { environment, operation }: { readonly environment: string; readonly operation: Operation },
): FunctionInventory {
  const parts = events.filter((event): event is Inventory => event.type === "inventory");
  const last = parts.at(-1);
  if (last === undefined || last.more)
    throw new Failure("unreachable", "no-answer", "The function did not report its migrations.");
  const what = takesSeeds(operation) ? "seeds" : "migrations";
  if (!last.sources.includes("upload"))
    throw uploadsNotAllowed(environment, { isProtected: last.protected, what });
  if (!takesUploadFor(operation, last))
    throw tooOld(what === "seeds" ? { what } : { what, end: ` for ${operation}` });
  const names = new Set(parts.flatMap(({ databases }) => databases.map((each) => each.database)));
  return {
    digest: last.digest,
    databases: new Map([...names].map((name) => [name, databaseOf(name, parts)])),
  };
}

function takesUploadFor(operation: Operation, { uploadOperations }: Inventory): boolean {
  return uploadOperations?.includes(operation) ?? operation !== "mark";
}

function databaseOf(name: string, parts: readonly Inventory[]): KnownDatabase {
  const own = parts.flatMap(({ databases }) =>
    databases.filter(({ database }) => database === name),
  );
  return {
    digests: new Map(
      own.flatMap(({ versions, digests }) =>
        versions.map((version, i) => [version, digests[i] ?? ""] as const),
      ),
    ),
    applied: new Set(own.flatMap(({ applied }) => applied)),
    inDoubt: new Set(own.flatMap(({ inDoubt = [] }) => inDoubt)),
    seeds: new Map(
      own.flatMap(({ seeds = [] }) => seeds.map(({ name, checksum }) => [name, checksum] as const)),
    ),
  };
}

/** A function that does not support the operation is too old for uploads. */
export function explainedInventoryFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Failure)) return thrown;
  if (thrown.code === "unknown-operation") return tooOld({ what: "migrations", cause: thrown });
  return thrown.code === "unknown-option" ? tooOld({ what: "seeds", cause: thrown }) : thrown;
}

/** `end`: names the operation, if the function accepts uploads for others. */
function tooOld({
  what,
  end = "",
  cause,
}: {
  readonly what: "migrations" | "seeds";
  readonly end?: string;
  readonly cause?: unknown;
}): Failure {
  return new Failure(
    "usage",
    "function-too-old-for-uploads",
    `The function is too old to accept uploaded ${what}${end}; nothing was run.`,
    {
      hints: [
        textHint("Deploy a newer image of the function."),
        retryHint({
          without: ["--from"],
          with: ["--image"],
          reason: `to use the ${what} in its image`,
        }),
      ],
      cause,
    },
  );
}
