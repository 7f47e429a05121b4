import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "vitest";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";
import { uploadDocument } from "../../../src/cli/upload/build-upload.ts";
import { compressedUpload } from "../../../src/cli/upload/compress-upload.ts";
import { readProjectFiles } from "../../../src/engine/project/project-files.ts";
import { readProject, type Project } from "../../../src/engine/project/project.ts";
import { uploadedProject } from "../../../src/engine/project/uploaded-project.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { decodeUpload } from "../../../src/lambda/upload/decode-upload.ts";
import type { Request } from "../../../src/protocol/request.ts";
import { withLedger } from "../../engine/support/ledger.ts";
import { projectOnDisk, requestFor, run, type Ran } from "../../engine/support/run.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { TestDatabase, type Facts } from "./database.ts";
import { faultyDriver, type Driver } from "./driver.ts";
import { startNetwork, type Network } from "./network.ts";
import { filesOf, firstOf, versionsOf, type Sql } from "./migrations.ts";

/** Everything between a run and Postgres, with fault injection at each joint. */
export interface FaultBench {
  readonly databaseUrl: string;
  readonly hasuraUrl: string;
  readonly root: string;
  /** A project with the first four migrations alone, which `reset-to` leads to. */
  readonly resetProject: () => Promise<Project>;
  readonly database: TestDatabase;
  readonly network: Network;
  readonly driver: Driver;
  /** One run over the network, with connections of its own as an invocation of the function has. */
  run(
    request?: Request,
    more?: Partial<EngineContext>,
    through?: (real: Hasura) => Hasura,
  ): Promise<Ran>;
  /** Stops all faults, and waits until everything in flight has arrived. */
  endFaults(): Promise<void>;
  /** What is wrong with a run and the database: empty when each migration is applied exactly once. */
  problems(ran: Ran): Promise<string[]>;
  /** The same of the database alone. */
  databaseProblems(): Promise<string[]>;
}

/** Pauses of the engine a part as long: their order and number stay, the waiting does not. */
export const shortened =
  (times: number): EngineContext["sleep"] =>
  (ms, signal) =>
    pause(Math.ceil(ms / times), undefined, signal && { signal });
const sleep = shortened(100);

/**
 * How long a silent run counts as live: how long a re-run waits for one that was killed. No test needs it to be long enough: on a slow
 * machine a live run is taken for dead, which is one more fault that must do no harm.
 */
export const liveMs = 40;

export const newRequest = (operation = "apply", options: object = {}): Request => ({
  ...requestFor(operation, options),
  runId: randomUUID(),
});

/**
 * Starts Postgres's database, the API on it and the proxy before it, for one test. `url`: on a server of the test's own. `uploads`: the
 * migrations are those of a directory, and the image has the first two.
 */
export async function faultBench(
  t: TestContext,
  sql: Sql,
  more: {
    url?: string;
    hideInternals?: boolean;
    uploads?: boolean;
    /** What is there besides what the versions of `sql` alone would leave. */
    leaves?: (facts: Facts) => Partial<Facts>;
  } = {},
): Promise<FaultBench> {
  const databaseUrl = more.url ?? (await freshDatabase(t));
  const database = new TestDatabase(databaseUrl);
  const driver = faultyDriver(onServer(databaseUrl));
  const api = await startTestApi(t, {
    metadataUrl: databaseUrl,
    faults: driver.hooks,
    hideInternals: more.hideInternals ?? false,
  });
  const network = await startNetwork(t, api.url);
  const root = await projectOnDisk(t, filesOf(sql));
  const uploaded = more.uploads
    ? await projectOfUpload(root, await projectOnDisk(t, filesOf(firstOf(2))))
    : undefined;
  const shortRoot = await projectOnDisk(t, filesOf(firstOf(4)));
  await database.open();
  t.onTestFinished(() => database.close());
  const reference = await referenceSchema(database, sql);
  const endFaults = async (): Promise<void> => {
    network.expect(() => undefined);
    driver.expect(() => undefined);
    await network.idle();
    await database.idle();
  };
  const databaseProblems = async (): Promise<string[]> =>
    differences(await database.facts(), versionsOf(sql), reference, more.leaves);
  return {
    databaseUrl,
    hasuraUrl: api.url,
    root,
    resetProject: () => readProject(shortRoot),
    database,
    network,
    driver,
    endFaults,
    run: async (request = newRequest(), more = {}, through = (real) => real) => {
      const hasura = hasuraOverHttp({
        endpoint: network.url,
        adminSecret: () => Promise.resolve(api.adminSecret),
      });
      const deps = {
        ...withLedger({ liveMs }),
        now: () => performance.now(),
        sleep,
        random: Math.random,
        ...(uploaded && { project: uploaded }),
        ...more,
      };
      return run(through(hasura), root, request, deps).finally(() => hasura.close());
    },
    problems: async (ran) => [
      ...(ran.failure ? [`the run ended with ${ran.failure.code}: ${ran.failure.message}`] : []),
      ...(await databaseProblems()),
    ],
    databaseProblems,
  };
}

/** Reads the project that a directory is when it is uploaded to a function with this image, through the text of a request. */
async function projectOfUpload(root: string, image: string): Promise<() => Promise<Project>> {
  const known = await readProjectFiles(image, { now: Date.now });
  const [entries = []] = known.inventory.databases.values();
  const digests = new Map(entries.map(({ version, digest }) => [version, digest]));
  const document = await uploadDocument(
    await readProjectFiles(root, { now: Date.now }),
    {
      digest: known.inventory.digest,
      databases: new Map([["default", { digests, applied: new Set(), inDoubt: new Set() }]]),
    },
    // Of a redo: every file that the image lacks, whatever is applied by then.
    { operation: "redo", database: undefined, from: { directory: "branch" } },
  );
  const sent = compressedUpload(document);
  return () => uploadedProject(() => readProject(image), decodeUpload(sent));
}

function onServer(databaseUrl: string): Parameters<typeof faultyDriver>[0] {
  return async (fault, pid) => {
    const sql =
      fault === "terminated"
        ? `SELECT pg_terminate_backend(${String(pid)}, 1000)`
        : cancelWhenActive(pid);
    // A connection of its own: several may be at work at once.
    await query(databaseUrl, sql).catch(() => undefined);
  };
}

/** Tries for a tenth of a second to catch the backend at work. */
const cancelWhenActive = (
  pid: number,
): string => `DO $$ BEGIN FOR i IN 1..100 LOOP PERFORM pg_stat_clear_snapshot();
  IF EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${String(pid)} AND state = 'active') THEN PERFORM pg_cancel_backend(${String(pid)}); EXIT; END IF;
  PERFORM pg_sleep(0.001); END LOOP; END $$`;

async function referenceSchema(database: TestDatabase, sql: Sql): Promise<readonly string[]> {
  for (const [, up] of Object.entries(sql)) await database.query(up);
  const { schema } = await database.facts();
  await database.reset(false);
  return schema;
}

/** The invariant: each version once, in order, in the transaction that recorded it; ledger, catalog state and schema agree. */
export function differences(
  facts: Facts,
  versions: readonly string[],
  reference: readonly string[],
  leaves: (facts: Facts) => Partial<Facts> = () => ({}),
): string[] {
  const expected: Facts = {
    schema: reference,
    done: versions,
    ledger: versions,
    catalog: versions,
    torn: [],
    interrupted: 0,
    ...leaves(facts),
  };
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = JSON.stringify(facts[name as keyof Facts]);
    return found === JSON.stringify(value)
      ? []
      : [`${name} is ${found}, not ${JSON.stringify(value)}`];
  });
}

/** Versions whose last step a run reported as done, and did not correct, although the ledger does not have it: must be none. */
export function falselyReported(ran: Ran, facts: Facts): string[] {
  const takenBack = ran.of("log").filter((it) => it.code === "commit-lost");
  if (takenBack.length > 0) return [];
  const last = new Map(
    ran.of("migration.applied").map(({ version, direction }) => [version, direction]),
  );
  return [...last].flatMap(([version, direction]) =>
    facts.ledger.includes(version) === (direction === "up") ? [] : [version],
  );
}
