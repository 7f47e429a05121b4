import { checksumOfBytes, parseBody } from "../../../src/engine/project/migration-file.ts";
import type { Migration, MigrationFile } from "../../../src/engine/project/scan.ts";
import type { ReadyStep } from "../../../src/engine/plan/prepare-plan.ts";
import type { MigrationStore, Step } from "../../../src/engine/store/store.ts";
import type { Direction } from "../../../src/protocol/migration.ts";

/** A store that applies everything, one step at a time, and remembers the steps. */
export function storeOf(more: Partial<MigrationStore> = {}): MigrationStore & { ran: Step[] } {
  const ran: Step[] = [];
  return {
    kind: "ledger",
    canResume: false,
    atomic: true,
    keepsDownSql: false,
    read: () => Promise.resolve(new Map()),
    run: (step) => {
      ran.push(step);
      return Promise.resolve({ outcome: "done", notices: [] });
    },
    mark: () => Promise.resolve(),
    seeds: {
      isRecorded: false,
      read: () => Promise.resolve(new Map()),
      run: () => Promise.resolve({ outcome: "done", notices: [] }),
      confirm: () => Promise.resolve([]),
    },
    settle: () => Promise.resolve(),
    ...more,
    ran,
  };
}

/** A file with this text, and how often it was parsed. */
export function fileOf(path: string, text: string): MigrationFile & { reads: number } {
  const file = {
    path,
    runnable: true,
    reads: 0,
    body: () => {
      file.reads += 1;
      return Promise.resolve(parseBody(Buffer.from(text), path));
    },
    checksum: () => Promise.resolve(checksumOfBytes(Buffer.from(text))),
  };
  return file;
}

/** A file that cannot be read. */
export function unreadable(path: string): MigrationFile {
  const gone = (): Promise<never> => Promise.reject(new Error(`${path} is gone`));
  return { path, runnable: true, body: gone, checksum: gone };
}

interface StepOptions {
  readonly store?: MigrationStore;
  readonly database?: string;
  readonly direction?: Direction;
  readonly sql?: string;
  readonly downSql?: string;
  readonly noTransaction?: boolean;
  readonly file?: MigrationFile;
}

/** A step that is ready to run, of a migration with both files. */
export function readyStep(version: string, options: StepOptions = {}): ReadyStep {
  const { store = storeOf(), database = "default", direction = "up" } = options;
  const { sql = `SELECT ${version};`, downSql = `SELECT -${version};` } = options;
  const noTransaction = options.noTransaction ?? false;
  const up = fileOf(`${version}/up.sql`, sql);
  const down = fileOf(`${version}/down.sql`, downSql);
  const migration: Migration = { version, name: "x", up, down };
  const file = options.file ?? (direction === "up" ? up : down);
  return {
    database: { name: database, kind: "postgres" },
    migration,
    direction,
    file,
    outOfOrder: false,
    store,
    noTransaction,
    fingerprint: [
      database,
      version,
      direction,
      checksumOfBytes(Buffer.from(direction === "up" ? sql : downSql)),
      noTransaction,
    ],
    item: { version, name: "x", direction, file: file.path, lines: 1, transaction: !noTransaction },
  };
}
