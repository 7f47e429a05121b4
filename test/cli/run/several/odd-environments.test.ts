import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, vi, type TestContext } from "vitest";
import * as z from "zod";
import { main } from "../../../../src/cli/main.ts";
import { keys } from "../../../support/aws-keys.ts";
import {
  answersState,
  lambdaStandIn,
  refuses,
  streams,
  type Answer,
} from "../../../support/lambda-stand-in.ts";
import { finished, item, plan, started, status } from "../../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../../support/test-context.ts";

const mark = ["1700000000100", "add_note"] as const;
const down = item(...mark, { direction: "down" });
const answers: Readonly<Record<string, object>> = {
  status: status([{ version: "1", name: "x", state: "applied", hasDown: true }]),
  plan: plan([item(...mark)]),
  history: { type: "history", runs: [] },
  cancel: { type: "cancel.requested", runs: [] },
  doctor: { type: "check", name: "hasura", state: "ok", message: "fine", tookMs: 3 },
};

const Sent = z.object({
  environment: z.string(),
  operation: z.string(),
  options: z.looseObject({ dryRun: z.boolean().optional() }),
});
type Sent = z.infer<typeof Sent>;

/** What a function of this version answers. */
function eventsFor({ environment, operation, options }: Sent): object[] {
  const begun = started(environment, { operation });
  const answer = answers[operation];
  if (answer !== undefined) return [begun, answer, finished(0)];
  const planned = plan([operation === "down" || operation === "redo" ? down : item(...mark)]);
  return options.dryRun === true
    ? [begun, { ...planned, dryRun: true, fingerprint: `f-${environment}` }, finished(0)]
    : [begun, planned, finished(1)];
}

const contract = (version: number, release: string): object => ({
  contract: { newest: version, oldest: version },
  function: { name: "f", version: "1", package: release, arn: "arn:aws:lambda:::function:f" },
});

/** The first five answer in their way; `dev-1` and `dev-2` as they should. */
const odd: Readonly<Record<string, (sent: Sent) => object[]>> = {
  "too-old": ({ environment }) => [started(environment, contract(0, "0.0.1"))],
  "too-new": ({ environment }) => [started(environment, contract(9, "9.0.0"))],
};
const environments = ["hangs", "missing", "too-old", "too-new", "dev-1", "dev-2"];

/** Begins a command on all of them. `hung` is called when the one that hangs has been called. */
async function begin(
  t: TestContext,
  argv: readonly string[],
  { types = [], hung }: { types?: readonly string[]; hung: (tick: (ms: number) => void) => void },
) {
  const sent: Sent[] = [];
  const route: Answer = (response, call) => {
    if (call.function.includes("missing"))
      return refuses(404, "ResourceNotFoundException", "Function not found")(response, call);
    if (call.kind === "state") return answersState("Active")(response, call);
    const request = Sent.parse(JSON.parse(call.body));
    sent.push(request);
    if (request.environment === "hangs") hung(context.tick);
    else return streams((odd[request.environment] ?? eventsFor)(request))(response, call);
    return undefined;
  };
  const lambda = await lambdaStandIn(t, Array<Answer>(60).fill(route));
  const cwd = emptyDirectory(t);
  const settings = Object.fromEntries(environments.map((name) => [name, {}]));
  writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments: settings }));
  const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url, NO_COLOR: "1" };
  const context = testContext(t, { argv, env, cwd, terminal: types.length > 0, types });
  return { context, ended: main(context), sent };
}

/** Runs a command on all of them, one after another; the one that hangs is waited for until its time is over. */
async function onAll(t: TestContext, argv: readonly string[], types: readonly string[]) {
  const { context, ended, sent } = await begin(t, [...argv, "--concurrency=1"], {
    types,
    // The longest that nothing may arrive, and that a question about the run may take.
    hung: (tick) => [60_000, 90_000].forEach(tick),
  });
  const exit = await ended;
  const err = context.err.text.replaceAll(/\s+/g, " ");
  return { exit, sent, out: context.out.text, err, asked: context.asked };
}

const signOf = (out: string, environment: string): string =>
  new RegExp(`^(\\S) ${environment} `, "m").exec(out)?.[1] ?? "no row";

describe("environments that hang, are missing, or run another version", () => {
  for (const [argv, types] of [
    [["--all"], []],
    [["apply", "--all"], ["n"]],
    [["status", "--all"], []],
    [["plan", "--all"], []],
    [["history", "--all"], []],
    [["cancel", "--all"], []],
    [["down", "--all", "--yes"], []],
    [["down", "--all"], ["y"]],
    [["redo", "--all"], ["y"]],
    [["mark", "--all", mark[0], "--applied"], []],
  ] as const)
    test(`${argv.join(" ")}${types.length > 0 ? " in a terminal" : ""}: each is a row, and the others are served`, async (t) => {
      const ran = await onAll(t, argv, types);
      assert.equal(ran.exit, 4, ran.err);
      assert.deepEqual(
        environments.map((environment) => `${signOf(ran.out, environment)} ${environment}`),
        ["✗ hangs", "✗ missing", "✗ too-old", "✗ too-new", "✓ dev-1", "✓ dev-2"],
        ran.out,
      );
      assert.match(ran.out, /^6 environments: 2 done, 4 failed$/m);
      for (const cause of [
        /hangs[^]*did not respond within 60 s/,
        /too-old[^]*is too old for this hasura-migrate/,
        /too-new[^]*is too new for this hasura-migrate/,
        /missing[^]*There is no function hasura-migrate-missing/,
      ])
        assert.match(ran.err, cause);
    });

  test("a question about several plans is asked about those that have one", async (t) => {
    const ran = await onAll(t, ["down", "--all"], ["y"]);
    assert.deepEqual(ran.asked, ["Roll back 1700000000100 add_note on dev-1, dev-2? [y/N] "]);
    const changed = ran.sent.filter(({ options }) => options.dryRun !== true);
    assert.deepEqual(
      changed.map(({ environment }) => environment),
      ["dev-1", "dev-2"],
    );
  });

  test("while plans are made, those that are still waited for are named", async (t) => {
    const { context, ended } = await begin(t, ["down", "--all"], {
      types: ["n"],
      hung: () => undefined,
    });
    await vi.waitFor(() => assert.match(context.err.text, /planning hangs …/));
    context.tick(60_000);
    assert.equal(await ended, 2);
    assert.deepEqual(context.asked, ["Roll back 1700000000100 add_note on dev-1, dev-2? [y/N] "]);
  });

  test("doctor --all checks the others", async (t) => {
    const ran = await onAll(t, ["doctor", "--all", "--json"], []);
    assert.equal(ran.exit, 4, ran.err);
    const last = z
      .object({ environments: z.array(z.object({ env: z.string(), result: z.string() })) })
      .parse(JSON.parse(ran.out.trimEnd().split("\n").at(-1) ?? ""));
    assert.deepEqual(
      last.environments.map(({ env, result }) => `${env} ${result}`),
      [
        ...["hangs unreachable", "missing unreachable", "too-old usage", "too-new usage"],
        ...["dev-1 done", "dev-2 done"],
      ],
    );
  });
});
