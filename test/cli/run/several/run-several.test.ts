import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../../src/cli/main.ts";
import { keys } from "../../../support/aws-keys.ts";
import {
  beginStream,
  lambdaStandIn,
  streams,
  type Answer,
} from "../../../support/lambda-stand-in.ts";
import {
  applied,
  failedRun,
  finished,
  item,
  migrationStarted,
  plan,
  started,
  status,
} from "../../../support/run-events.ts";
import {
  emptyDirectory,
  testContext,
  type TestContextOptions,
} from "../../../support/test-context.ts";

const broken = { kind: "migration", code: "sql-failed", message: "2_b failed", hints: [] };
const mark = ["1700000000100", "add_note"] as const;
const good = (environment: string): object[] => [
  started(environment),
  plan([item(...mark)]),
  migrationStarted(...mark),
  applied(...mark),
  finished(1),
];
const bad = (environment: string) => (): object[] => [
  started(environment),
  plan([]),
  failedRun(broken),
];

interface Sent {
  readonly environment: string;
  readonly options: Record<string, unknown>;
}

/** What a function can do while it is called. */
interface During {
  readonly interrupt: () => void;
  /** What the command has written to stderr so far. */
  readonly shown: () => string;
  /** Lets a limit of that length run out. */
  readonly runOut: (ms: number) => void;
}

/** What a hanging function streams. */
const silence: readonly object[] = [];

/** Runs a command on dev-1, dev-2, staging and prod, which is protected; `answers` are what each function streams. */
async function several(
  t: TestContext,
  argv: readonly string[],
  answers: Record<string, (options: Sent["options"], during: During) => readonly object[]>,
  more: Partial<TestContextOptions> = {},
) {
  const sent: Sent[] = [];
  const route: Answer = (response, call) => {
    const request = JSON.parse(call.body) as Sent;
    sent.push(request);
    const events =
      answers[request.environment]?.(request.options, {
        interrupt: () => context.interrupt(),
        shown: () => context.err.text,
        runOut: context.tick,
      }) ?? good(request.environment);
    if (events === silence) beginStream(response);
    else return streams(events)(response, call);
    return undefined;
  };
  const lambda = await lambdaStandIn(t, Array<Answer>(30).fill(route));
  const cwd = more.cwd ?? emptyDirectory(t);
  writeFileSync(
    join(cwd, "hasura-migrate.json"),
    JSON.stringify({
      environments: { "dev-1": {}, "dev-2": {}, staging: {}, prod: { protected: true } },
      groups: { dev: ["dev-1", "dev-2"], late: ["staging", "prod"] },
    }),
  );
  const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url, CI: "" };
  const context = testContext(t, { argv, env, ...more, cwd });
  const exit = await main(context);
  const order = sent.map(({ environment }) => environment);
  return { exit, sent, order, out: context.out.text, err: context.err.text, asked: context.asked };
}

describe("a command on several environments", () => {
  test("shows what their messages suggest below the messages, as whole commands", async (t) => {
    const argv = (environment: string) => ["hasura-migrate", "metadata", "restore", environment];
    const told = (environment: string) => (): object[] => [
      started(environment),
      {
        ...{ type: "log", level: "info", code: "x", message: "Changed." },
        hints: [{ kind: "command", argv: argv(environment), reason: "restore the earlier one" }],
      },
      finished(1),
    ];
    const { err } = await several(
      t,
      ["dev-1", "dev-2"],
      { "dev-1": told("dev-1"), "dev-2": told("dev-2") },
      { terminal: true, columns: 50 },
    );
    const hints = ["dev-1", "dev-2"].map(
      (environment) => `  → restore the earlier one:\n    ${argv(environment).join(" ")}\n`,
    );
    assert.ok(err.includes(`dev-1, dev-2: Changed.\n${hints.join("")}`), err);
  });

  for (const [argv, environments] of [
    [
      ["dev-1", "dev-2"],
      ["dev-1", "dev-2"],
    ],
    [
      ["--group", "dev"],
      ["dev-1", "dev-2"],
    ],
    [
      ["staging", "--group", "dev", "--group=dev", "staging"],
      ["staging", "dev-1", "dev-2"],
    ],
    [
      ["--all", "--yes=prod"],
      ["dev-1", "dev-2", "staging", "prod"],
    ],
    [
      ["dev-1", "--then", "late", "--yes", "prod", "--then", "dev"],
      ["dev-1", "staging", "prod", "dev-2"],
    ],
  ] as const)
    test(`${argv.join(" ")} runs on each once`, async (t) => {
      const given = argv.map((word, i) => (argv[i - 1] === "--yes" ? `--yes=${word}` : word));
      const ran = await several(
        t,
        given.filter((word) => word !== "--yes"),
        {},
      );
      assert.equal(ran.exit, 0, ran.err);
      assert.deepEqual(ran.order.toSorted(), [...environments].toSorted());
    });

  test("does not stop at one that fails, and ends with the worst result", async (t) => {
    const ran = await several(t, ["dev-1", "dev-2", "staging"], {
      "dev-1": bad("dev-1"),
      staging: () => [
        started("staging"),
        failedRun({ kind: "busy", code: "another-run", message: "busy", hints: [] }),
      ],
    });
    assert.equal(ran.exit, 1);
    assert.deepEqual(ran.order.toSorted(), ["dev-1", "dev-2", "staging"]);
    assert.match(
      ran.out,
      /^✗ dev-1 {4}2_b failed .*\n✓ dev-2 {4}1 applied .*\n✗ staging {2}busy /m,
    );
    assert.match(ran.out, /^3 environments: 1 done, 2 failed$/m);
    assert.match(ran.err, /^dev-1 │ ✗ 2_b failed$/m);
  });

  test("starts a stage only when all earlier ones have succeeded", async (t) => {
    const argv = ["dev-1", "dev-2", "--then", "staging", "--then", "prod", "--yes=prod"];
    const ran = await several(t, argv, { staging: bad("staging") });
    assert.equal(ran.exit, 1);
    assert.deepEqual(ran.order.slice(0, 2).toSorted(), ["dev-1", "dev-2"]);
    assert.deepEqual(ran.order.slice(2), ["staging"]);
    assert.match(ran.out, /^· prod +not started: staging did not succeed$/m);
    assert.match(ran.out, /^4 environments: 2 done, 1 failed, 1 not started$/m);
    const canary = await several(t, argv, {});
    assert.equal(canary.exit, 0);
    assert.deepEqual(canary.order.slice(2), ["staging", "prod"]);
  });

  for (const [argv, first, last] of [
    [["--all", "--then", "prod"], ["dev-1", "dev-2", "staging"], ["prod"]],
    [
      ["--all", "--then", "late"],
      ["dev-1", "dev-2"],
      ["prod", "staging"],
    ],
    [["--group", "dev", "--then", "dev-1"], ["dev-2"], ["dev-1"]],
    [["staging", "--then", "late"], ["staging"], ["prod"]],
  ] as const)
    test(`${argv.join(" ")} runs ${last.join(" and ")} after the others`, async (t) => {
      const yes = last.some((name) => name === "prod") ? ["--yes=prod"] : [];
      const ran = await several(t, [...argv, ...yes], {});
      assert.equal(ran.exit, 0, ran.err);
      assert.deepEqual(ran.order.slice(0, first.length).toSorted(), first);
      assert.deepEqual(ran.order.slice(first.length).toSorted(), last);
    });

  for (const [argv, stage] of [
    [["dev-1", "dev-2", "--then", "dev"], "--then dev"],
    [["--group", "dev", "--then", "dev-1", "dev-2"], "the first stage"],
    [["--group", "late", "--then", "prod", "--then", "late"], "--then late"],
  ] as const)
    test(`${argv.join(" ")} is refused, because nothing is left for a stage`, async (t) => {
      const ran = await several(t, argv, {});
      assert.deepEqual([ran.exit, ran.order], [2, []]);
      assert.match(ran.err, new RegExp(`Nothing is left for ${stage}: `));
    });

  test("starts no more environments after a failure with --fail-fast", async (t) => {
    const argv = ["dev-1", "dev-2", "staging", "--concurrency", "1", "--fail-fast"];
    const ran = await several(t, argv, { "dev-1": bad("dev-1") });
    assert.deepEqual([ran.exit, ran.order], [1, ["dev-1"]]);
    assert.match(ran.out, /^3 environments: 1 failed, 2 not started$/m);
  });

  test("shows in a terminal at once what Ctrl-C does", async (t) => {
    let added = "";
    const argv = ["dev-1", "dev-2", "staging", "--concurrency", "1"];
    const ran = await several(
      t,
      argv,
      {
        "dev-1": (options, { interrupt, shown }) => {
          if (options["dryRun"] === true) return good("dev-1");
          const before = shown().length;
          interrupt();
          added = shown().slice(before);
          return good("dev-1");
        },
      },
      { terminal: true },
    );
    assert.match(added, /dev-1 +stopping as soon as the run has started/);
    assert.match(added, /dev-2 +not started: interrupted/);
    assert.match(added, /staging +not started: interrupted/);
    assert.match(added, /Press Ctrl-C again to detach\./);
    const changing = ran.sent.filter(({ options }) => options["dryRun"] !== true);
    assert.deepEqual([ran.exit, changing.map(({ environment }) => environment)], [130, ["dev-1"]]);
    assert.doesNotMatch(
      ran.err.slice(ran.err.indexOf(added) + added.length),
      /dev-1: The run will/,
    );
  });

  test("reports with --json each environment once that Ctrl-C keeps from starting", async (t) => {
    const argv = ["dev-1", "dev-2", "staging", "--concurrency", "1", "--json"];
    const ran = await several(t, argv, {
      "dev-1": (_, { interrupt }) => {
        interrupt();
        return good("dev-1");
      },
    });
    assert.deepEqual(
      ran.out.match(/\{"type":"skipped".*/g)?.map((line) => JSON.parse(line) as unknown),
      ["dev-2", "staging"].map((env) => ({ type: "skipped", env, reason: "interrupted" })),
    );
  });

  test("prints with --json which environment each object is about, and sums them up", async (t) => {
    const ran = await several(t, ["dev-1", "dev-2", "--json"], { "dev-2": bad("dev-2") });
    const objects = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const summary = objects.at(-1);
    assert.equal(ran.exit, 1);
    assert(objects.slice(0, -1).every(({ env }) => env === "dev-1" || env === "dev-2"));
    const [first, second] = summary?.["environments"] as Record<string, unknown>[];
    assert.equal(summary?.["exit"], 1);
    assert.deepEqual([first?.["env"], first?.["result"], first?.["applied"]], ["dev-1", "done", 1]);
    assert.deepEqual(
      [second?.["result"], second?.["exit"], second?.["failure"]],
      ["migration", 1, { code: "sql-failed", message: "2_b failed" }],
    );
  });

  test("suggests commands about the one that failed", async (t) => {
    const retry = { ...broken, hints: [{ kind: "retry", with: ["--wait", "10m"], without: [] }] };
    const ran = await several(t, ["--all", "--yes=prod", "--concurrency", "2"], {
      staging: () => [started("staging"), failedRun(retry)],
    });
    assert.match(ran.err, /→ hasura-migrate staging --wait 10m$/m);
    const both = await several(t, ["staging", "prod", "dev-1", "--yes=prod,staging"], {
      staging: () => [started("staging"), failedRun(retry)],
    });
    assert.match(both.err, /→ hasura-migrate staging --yes=staging --wait 10m$/m);
  });
});

describe("metadata diff --markdown", () => {
  test("prints Markdown alone", async (t) => {
    const path = [{ kind: "action", name: "checkout" }];
    const change = { path, change: "added", isInside: false, fields: [], attention: [] };
    const ran = await several(t, ["metadata", "diff", "dev-1", "--markdown"], {
      "dev-1": () => [
        started("dev-1", { operation: "metadata-diff" }),
        { type: "metadata.diff", resourceVersion: 41, changes: [change], inconsistent: [] },
        finished(0),
      ],
    });
    assert.equal(ran.out.split("\n")[0], "### hasura-migrate metadata diff");
    assert.match(ran.out, /^\+ {3}action checkout$/m);
    assert.doesNotMatch(ran.out, /│/);
  });
});

describe("plan --markdown", () => {
  const planned = (items: readonly object[], files: readonly string[]) => (): object[] => [
    started("dev-1", { operation: "plan" }),
    plan(items, { files }),
    finished(0),
  ];
  /** A project with two migrations, of which the image may lack one. */
  const project = (t: TestContext): string => {
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "config.yaml"), "version: 3\n");
    for (const [name, sql] of [
      ["1700000000050_early", "-- hasura:no-transaction\nselect 1;\n"],
      ["1700000000100_add_note", "select 2;\n"],
    ] as const) {
      const directory = join(cwd, "migrations/default", name);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "up.sql"), sql);
    }
    return cwd;
  };

  test("prints Markdown alone: what is pending, what is new here, and who did not answer", async (t) => {
    const ran = await several(
      t,
      ["plan", "dev-1", "dev-2", "--markdown"],
      {
        "dev-1": planned([item(...mark, { sql: "select 2;" })], ["1700000000100"]),
        "dev-2": () => [started("dev-2", { operation: "plan" }), failedRun(broken)],
      },
      { cwd: project(t) },
    );
    assert.equal(ran.exit, 1);
    assert.equal(ran.out.split("\n")[0], "### hasura-migrate plan");
    assert.match(ran.out, /^\| dev-1 \| 1 \| 1 \| 4c6ea1a, 2 days old \|$/m);
    assert.match(ran.out, /^\| dev-2 \| \? \| \? \| no plan: 2\\_b failed \|$/m);
    assert.match(ran.out, /^\| 1700000000100 \| add\\_note \| {2}\|$/m);
    assert.match(ran.out, /^\| 1700000000050 \| early \| new here, outside a transaction \|$/m);
    assert.ok(ran.out.indexOf("| 1700000000050") < ran.out.indexOf("| 1700000000100"), "in order");
    assert.doesNotMatch(ran.out, /pending in default|environments:/);
  });

  test("shows what lint finds in migrations that are new here, with the tables of the others", async (t) => {
    const cwd = project(t);
    const write = (name: string, sql: string): void => {
      writeFileSync(join(cwd, "migrations/default", name, "up.sql"), sql);
    };
    write("1700000000050_early", "CREATE TABLE orders (id int, label varchar(10));");
    write(
      "1700000000100_add_note",
      "CREATE TABLE notes (id int);\nCREATE INDEX n ON notes (id);\nCREATE INDEX i ON orders (id);\nALTER TABLE orders ALTER label TYPE text;\n",
    );
    const answers = { "dev-1": planned([], ["1700000000050"]) };
    const argv = ["plan", "dev-1", "--markdown"];
    const ran = await several(t, argv, answers, { cwd });
    const rows = ran.out.split("\n").filter((line) => /: .*blocks writes/.test(line));
    assert.equal(rows.length, 1);
    assert.match(
      rows[0] ?? "",
      /^\| 1700000000100 add\\_note \| line 3: Building the index blocks writes to orders\. /,
    );
    write("1700000000100_add_note", "CREATE INDEX i ON orders (id); BROKEN");
    assert.match((await several(t, argv, answers, { cwd })).out, /line 1: Syntax error/);
    write("1700000000100_add_note", "CREATE TABLE t (id int);");
    const harmless = await several(t, argv, answers, { cwd });
    assert.doesNotMatch(harmless.out, /Statements to check/);
  });

  test("does not compare the image with the project if the migrations were uploaded", async (t) => {
    const upload = { directory: "shop", branch: "add-coupons" };
    const uploaded = () => [
      started("dev-1", { operation: "plan", migrationSource: "upload", upload }),
      plan([item(...mark, { sql: "select 2;" })], { files: ["1700000000100"] }),
      finished(0),
    ];
    const argv = ["plan", "dev-1", "--markdown"];
    const alone = await several(t, argv, { "dev-1": uploaded }, { cwd: project(t) });
    assert.match(alone.out, /^\| environment \| pending \| migrations \|$/m);
    assert.match(alone.out, /^\| dev-1 \| 1 \| uploaded from shop \(add-coupons\).* \|$/m);
    assert.doesNotMatch(alone.out, /new here|1700000000050/i);
    const other = planned([], ["1700000000100"]);
    const answers = { "dev-1": uploaded, "dev-2": other };
    const both = await several(t, ["plan", "dev-1", "dev-2", "--markdown"], answers, {
      cwd: project(t),
    });
    assert.match(both.out, /^\| dev-1 \| 1 \| 0 \| uploaded from shop/m);
    assert.match(both.out, /^\| dev-2 \| 0 \| 1 \| image 4c6ea1a, 2 days old \|$/m);
  });

  test("marks what is new here and older than what is applied, unless the plan is a part", async (t) => {
    const answers = { "dev-1": planned([], ["1700000000100"]) };
    const argv = ["plan", "dev-1", "--markdown"];
    const ran = await several(t, argv, answers, { cwd: project(t) });
    assert.equal(ran.exit, 0);
    assert.match(
      ran.out,
      /^\| 1700000000050 .* \| new here, out of order, outside a transaction \|$/m,
    );
    const part = await several(t, [...argv, "--to", "1700000000050"], answers, { cwd: project(t) });
    assert.match(part.out, /^\| 1700000000050 .* \| new here, outside a transaction \|$/m);
    const other = await several(t, [...argv, "--to", "1700000000049"], answers, {
      cwd: project(t),
    });
    assert.doesNotMatch(other.out, /1700000000050/);
  });

  test("cannot be combined with --json", async (t) => {
    for (const operation of ["plan", "status"]) {
      const ran = await several(t, [operation, "dev-1", "--markdown", "--json"], {});
      assert.equal(ran.exit, 2);
      assert.match(ran.out + ran.err, /Choose --json or --markdown/);
    }
  });

  test("in a terminal prints the same", async (t) => {
    const answers = { "dev-1": planned([item(...mark, { sql: "select 2;" })], []) };
    const argv = ["plan", "dev-1", "--markdown"];
    const ran = await several(t, argv, answers, { terminal: true, cwd: project(t) });
    const piped = await several(t, argv, answers, { cwd: project(t) });
    assert.equal(ran.out, piped.out);
  });
});

describe("confirmation for several environments", () => {
  const down = (environment: string) => (options: Sent["options"]) => [
    started(environment),
    {
      ...plan([item(...mark, { direction: "down" })]),
      ...(options["dryRun"] === true && { dryRun: true, fingerprint: `f-${environment}` }),
    },
    finished(options["dryRun"] === true ? 0 : 1),
  ];
  const all = Object.fromEntries(
    ["dev-1", "dev-2", "prod"].map((name) => [name, down(name)] as const),
  );

  test("shows each plan, asks once, and confirms each with its own", async (t) => {
    const ran = await several(t, ["down", "dev-1", "dev-2"], all, { terminal: true, types: ["y"] });
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(ran.asked, ["Roll back 1700000000100 add_note on dev-1, dev-2? [y/N] "]);
    const confirmed = ran.sent.filter(({ options }) => options["dryRun"] !== true);
    assert.deepEqual(
      confirmed
        .map(({ environment, options }) => [environment, options["expectedPlan"]])
        .toSorted(),
      [
        ["dev-1", "f-dev-1"],
        ["dev-2", "f-dev-2"],
      ],
    );
  });

  test("takes the names of the protected ones", async (t) => {
    const typed = { terminal: true, types: ["prod"] };
    const ran = await several(t, ["down", "dev-1", "prod"], all, typed);
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(ran.asked, ["Type prod to roll back 1700000000100 add_note on dev-1, prod: "]);
    const names = ran.sent.flatMap(({ environment, options }) =>
      options["confirm"] === undefined ? [] : [[environment, options["confirm"]]],
    );
    assert.deepEqual(names, [["prod", "prod"]]);
  });

  test("declined, runs nothing anywhere", async (t) => {
    const ran = await several(t, ["down", "dev-1", "dev-2"], all, { terminal: true, types: ["n"] });
    assert.equal(ran.exit, 2);
    assert(ran.sent.every(({ options }) => options["dryRun"] === true));
  });

  test("leaves out one that has nothing to do, or whose plan fails", async (t) => {
    const ran = await several(
      t,
      ["down", "dev-1", "dev-2", "staging"],
      {
        ...all,
        "dev-2": () => [started("dev-2"), { ...plan([]), dryRun: true }, finished(0)],
        staging: bad("staging"),
      },
      { terminal: true, types: ["y"] },
    );
    assert.deepEqual(ran.asked, ["Roll back 1700000000100 add_note on dev-1? [y/N] "]);
    assert.equal(ran.exit, 1);
    const changing = ran.sent.filter(({ options }) => options["dryRun"] !== true);
    assert.deepEqual(
      changing.map(({ environment }) => environment),
      ["dev-1"],
    );
  });

  describe("of plans that lose data", () => {
    const loss = {
      ...{
        line: 1,
        table: "orders",
        effect: "data-loss",
        loses: { what: "table", name: "orders" },
      },
      ...{ rules: ["drop-data"], risk: "data-loss", needs: ["drop-data"] },
    };
    /** A function that refuses what it has shown to lose data, unless that is confirmed or allowed. */
    const losing = (environment: string) => (options: Sent["options"]) => {
      const isDryRun = options["dryRun"] === true;
      const isAccepted = ["confirm", "yes", "expectedPlan", "allow"].some(
        (name) => name in options,
      );
      const shown = {
        ...plan([item(...mark, { statements: [loss] })]),
        ...(isDryRun && { dryRun: true, fingerprint: `f-${environment}` }),
      };
      const refused = { kind: "usage", code: "data-loss", message: "It loses data.", hints: [] };
      return isDryRun || isAccepted
        ? [started(environment), shown, finished(isDryRun ? 0 : 1)]
        : [started(environment), failedRun(refused)];
    };
    const answers = { "dev-1": losing("dev-1"), "dev-2": losing("dev-2") };
    const three = ["dev-1", "dev-2", "staging"];
    const changing = ({ sent }: { readonly sent: readonly Sent[] }) =>
      sent
        .filter(({ options }) => options["dryRun"] !== true)
        .map(({ environment, options }) => [environment, options["expectedPlan"]])
        .toSorted();

    test("are shown and asked about once, and each environment does what was shown", async (t) => {
      const ran = await several(t, three, answers, { terminal: true, types: ["y"] });
      assert.equal(ran.exit, 0, ran.err);
      assert.deepEqual(ran.asked, [
        "Apply 1700000000100 add_note on dev-1, dev-2? 2 statements lose data. [y/N] ",
      ]);
      assert.match(ran.err, /drops the table orders/);
      assert.deepEqual(changing(ran), [
        ["dev-1", "f-dev-1"],
        ["dev-2", "f-dev-2"],
        ["staging", undefined],
      ]);
    });

    /** A function that plans nothing in time, and then does what `answer` says. */
    const late =
      (answer: (options: Sent["options"]) => readonly object[]) =>
      (options: Sent["options"], { runOut }: During) => {
        if (options["dryRun"] !== true) return answer(options);
        runOut(15_000);
        return silence;
      };

    test("are asked about although the plan of another environment is late, and that environment then runs like the others", async (t) => {
      const ran = await several(
        t,
        [...three, "--concurrency=1"],
        { ...answers, "dev-1": late(() => good("dev-1")) },
        { terminal: true, types: ["y"] },
      );
      assert.equal(ran.exit, 0, ran.err);
      assert.deepEqual(ran.asked, [
        "Apply 1700000000100 add_note on dev-2? 1 statement loses data. [y/N] ",
      ]);
      assert.deepEqual(changing(ran), [
        ["dev-1", undefined],
        ["dev-2", "f-dev-2"],
        ["staging", undefined],
      ]);
    });

    test("are refused, and not asked about in the middle of the others, if they come too late", async (t) => {
      const ran = await several(
        t,
        ["dev-1", "staging"],
        { "dev-1": late(losing("dev-1")) },
        { terminal: true },
      );
      assert.deepEqual([ran.exit, ran.asked], [2, []]);
      assert.match(ran.out, /dev-1 +It loses data/);
      assert.match(ran.out, /staging +1 applied/);
    });

    test("are not run where the answer is no, and neither is any other", async (t) => {
      const ran = await several(t, three, answers, { terminal: true, types: ["n"] });
      assert.deepEqual([ran.exit, changing(ran)], [2, []]);
    });

    test("are in the same question as the plan of a protected environment", async (t) => {
      const ran = await several(t, ["dev-1", "prod"], answers, {
        ...{ terminal: true, types: ["prod"] },
      });
      assert.deepEqual(ran.asked, [
        "Type prod to apply 1700000000100 add_note (1 statement loses data) on dev-1,\nprod: ",
      ]);
      assert.equal(ran.exit, 0, ran.err);
    });

    for (const argv of [
      [...three, "--allow=drop-data"],
      [...three, "--yes"],
      [...three, "--yes=dev-1,dev-2"],
    ])
      test(`are not asked about with ${argv.slice(3).join(" ")}`, async (t) => {
        const ran = await several(t, argv, answers, { terminal: true });
        assert.deepEqual([ran.exit, ran.asked], [0, []], ran.err);
      });

    test("are refused where nobody can be asked", async (t) => {
      const ran = await several(t, three, answers);
      assert.deepEqual([ran.exit, ran.sent.length], [2, 3]);
      assert.match(ran.out, /^✗ dev-1 .*It loses data/m);
    });
  });

  test("the function is told which environments the configuration protects", async (t) => {
    const ran = await several(t, ["dev-1", "prod", "--yes=prod"], {});
    const told = ran.sent.map(({ environment, options }) => [environment, options["refuseRisks"]]);
    assert.deepEqual(told.toSorted(), [
      ["dev-1", undefined],
      ["prod", true],
    ]);
  });

  for (const [argv, code, hint] of [
    [["down", "dev-1", "dev-2"], "confirmation-needed", "--yes"],
    [["down", "dev-1", "prod", "--yes"], "yes-needs-name", "--yes=dev-1,prod"],
    [["down", "dev-1", "prod", "--yes=prod"], "confirmation-needed", "--yes=dev-1,prod"],
    [["redo", "dev-1", "dev-2", "--yes=dev-2"], "confirmation-needed", "--yes=dev-1,dev-2"],
    [["--all"], "yes-needs-name", "--yes=prod"],
    [["--all", "--yes"], "yes-needs-name", "--yes=prod"],
    [["dev-1", "dev-2", "--yes=prod"], "yes-mismatch", "--yes=dev-1,dev-2"],
  ] as const)
    test(`${argv.join(" ")} without a terminal is refused before anything is sent: ${code}`, async (t) => {
      const ran = await several(t, [...argv, "--json"], {});
      assert.deepEqual([ran.exit, ran.sent], [2, []]);
      const { failure } = JSON.parse(ran.out) as { failure: { code: string; hints: unknown } };
      assert.equal(failure.code, code);
      assert(JSON.stringify(failure.hints).includes(hint), JSON.stringify(failure.hints));
    });
});

test("a question that nobody can answer names every environment", async (t) => {
  const ran = await several(t, ["down", "dev-1", "dev-2", "staging"], {});
  assert.match(
    ran.err.replaceAll(/\s+/g, " "),
    /"Roll back the last migration of dev-1\?" needs an answer, and the same for dev-2, staging, but/,
  );
});

describe("status of several environments", () => {
  const row = (version: string, state: string) => ({ version, name: "x", state, hasDown: true });
  const answering = (...rows: object[]) => {
    return (environment: string) => () => [started(environment), status(rows), finished(0)];
  };
  const same = answering(row("1", "applied"), row("2", "applied"));
  const behind = answering(row("1", "applied"), row("2", "pending"));

  test("is one table of what differs", async (t) => {
    const ran = await several(t, ["status", "dev-1", "dev-2"], {
      "dev-1": same("dev-1"),
      "dev-2": behind("dev-2"),
    });
    assert.equal(ran.exit, 0);
    assert.match(ran.out, /^ {4}dev-1 {2}dev-2$|^ +dev-1 {2}dev-2 *$/m);
    assert.match(ran.out, /^2 {2}x {2}✓ {6}· *$/m);
    assert.match(ran.out, /^1 other migration is applied everywhere$/m);
    assert.doesNotMatch(ran.out, /^1 {2}x/m);
  });

  test("does not compare uploaded migrations with the project here, which may be another one", async (t) => {
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "config.yaml"), "version: 3\n");
    mkdirSync(join(cwd, "migrations/default/9_other"), { recursive: true });
    writeFileSync(join(cwd, "migrations/default/9_other/up.sql"), "select 1;\n");
    const uploaded = () => [
      started("dev-1", {
        migrationSource: "upload",
        upload: { directory: "shop", branch: "add-coupons" },
      }),
      status([row("1", "applied")]),
      finished(0),
    ];
    const argv = ["status", "dev-1", "dev-2", "--full"];
    const ran = await several(t, argv, { "dev-1": uploaded, "dev-2": uploaded }, { cwd });
    assert.equal(ran.exit, 0, ran.out);
    assert.match(ran.out, /^ +dev-1 {2}dev-2$/m);
    assert.doesNotMatch(ran.out, /here/);
  });

  test("exits with 6 for --check where they differ, and with 0 where they do not", async (t) => {
    const argv = ["status", "dev-1", "dev-2", "--check"];
    const differing = { "dev-1": same("dev-1"), "dev-2": behind("dev-2") };
    assert.equal((await several(t, argv, differing)).exit, 6);
    const lacking = { "dev-1": same("dev-1"), "dev-2": answering(row("1", "applied"))("dev-2") };
    assert.equal((await several(t, argv, lacking)).exit, 6);
    const equal = { "dev-1": same("dev-1"), "dev-2": same("dev-2") };
    assert.equal((await several(t, argv, equal)).exit, 0);
  });

  test("has a column for one that does not answer, and its failure", async (t) => {
    const ran = await several(t, ["status", "dev-1", "dev-2", "--full"], {
      "dev-1": same("dev-1"),
      "dev-2": bad("dev-2"),
    });
    assert.equal(ran.exit, 1);
    assert.match(ran.out, /^1 {2}x {2}✓ {6}× *$/m);
    assert.match(ran.out, /✓ applied {3}× no answer/);
  });

  test("ends with the failures where none answers", async (t) => {
    const ran = await several(t, ["status", "dev-1", "dev-2"], {
      "dev-1": bad("dev-1"),
      "dev-2": bad("dev-2"),
    });
    assert.equal(ran.exit, 1);
    assert.match(ran.out, /\n2 environments: 2 failed\n$/);
  });
});

describe("status as a page", () => {
  const row = (version: string, state: string) => ({ version, name: "x", state, hasDown: true });
  const answers = (states: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(states).map(([environment, state]) => [
        environment,
        () => [started(environment), status([row("1", state)]), finished(0)],
      ]),
    );
  const pageIn = (file: string): string => readFileSync(file, "utf8");

  test("is written beside the usual output, which names it", async (t) => {
    const file = join(emptyDirectory(t), "page.html");
    const argv = ["status", "dev-1", "dev-2", "--html", file];
    const ran = await several(t, argv, answers({ "dev-1": "applied", "dev-2": "pending" }));
    assert.equal(ran.exit, 0, ran.err);
    assert.match(ran.out, /^1 {2}x {2}✓ {6}· *$/m);
    assert.match(ran.err, /\nWrote .*page\.html \(\d+ kB\)\n$/);
    assert.match(pageIn(file), /<b>1<\/b> x<td>✓<td class="p">·\n/);
    assert.deepEqual(readdirSync(dirname(file)), ["page.html"]);
  });

  test("can be of one environment", async (t) => {
    const file = join(emptyDirectory(t), "page.html");
    const ran = await several(t, ["status", "dev-1", "--html", file, "-q"], {
      ...answers({ "dev-1": "applied" }),
    });
    assert.deepEqual([ran.exit, ran.err], [0, ""]);
    assert.match(pageIn(file), /<h1>Migrations of dev-1<\/h1>/);
  });

  for (const [option, out] of [
    ["--check", /^1 environment: 1 with differences$/m],
    ["--json", /^\{"type":"matrix",.*\n\{"type":"summary","exit":0,.*\n$/m],
    ["--markdown", /^\| environment \| image /],
  ] as const)
    test(`leaves stdout to ${option}`, async (t) => {
      const file = join(emptyDirectory(t), "page.html");
      const argv = ["status", "dev-1", "--html", file, option];
      const ran = await several(t, argv, answers({ "dev-1": "pending" }));
      assert.equal(ran.exit, option === "--check" ? 6 : 0);
      assert.match(ran.out, out);
      assert.match(pageIn(file), /<!doctype html>/);
    });

  for (const terminal of [true, false])
    test(`is all that stdout has with --html -, ${terminal ? "in a terminal" : "in a pipe"}`, async (t) => {
      const argv = ["status", "dev-1", "dev-2", "--html", "-"];
      const ran = await several(
        t,
        argv,
        { ...answers({ "dev-1": "applied" }), "dev-2": bad("dev-2") },
        { terminal },
      );
      assert.equal(ran.exit, 1);
      assert.match(ran.out, /^<!doctype html>[^]*<\/html>\n$/);
      assert.match(ran.out, /2_b failed/);
    });

  for (const option of ["--json", "--markdown"])
    test(`is not mixed with ${option} on stdout`, async (t) => {
      const ran = await several(t, ["status", "dev-1", "--html", "-", option], {});
      assert.equal(ran.exit, 2);
      assert.deepEqual(ran.sent, []);
    });

  test("calls no function where it cannot be written", async (t) => {
    const directory = emptyDirectory(t);
    for (const file of [directory, join(directory, "missing", "page.html")]) {
      const ran = await several(t, ["status", "dev-1", "dev-2", "--html", file], {});
      assert.equal(ran.exit, 2);
      assert.deepEqual(ran.sent, []);
      assert.match(ran.err, /The page could not be written to /);
    }
    const json = await several(t, ["status", "dev-1", "--json", "--html", directory], {});
    assert.match(json.out, /"exit":2,"failure":\{"kind":"usage","code":"page-not-written"/);
  });

  const vanishing = (directory: string, state: string) => ({
    "dev-1": () => {
      rmSync(directory, { recursive: true });
      return [started("dev-1"), status([row("1", state)]), finished(0)];
    },
  });

  test("is not written where the command was interrupted", async (t) => {
    const file = join(emptyDirectory(t), "page.html");
    writeFileSync(file, "of an earlier run");
    const interrupting = (_: object, { interrupt }: During) => {
      interrupt();
      return [started("dev-1"), status([row("1", "applied")]), finished(0)];
    };
    const argv = ["status", "dev-1", "dev-2", "--html", file, "--concurrency", "1"];
    const ran = await several(t, argv, { "dev-1": interrupting });
    assert.equal(ran.exit, 130);
    assert.equal(pageIn(file), "of an earlier run");
    assert.deepEqual(ran.order, ["dev-1"]);
  });

  test("that can no longer be written fails the command after its result", async (t) => {
    const directory = join(emptyDirectory(t), "reports");
    mkdirSync(directory);
    const argv = ["status", "dev-1", "--html", join(directory, "page.html"), "--check"];
    const ran = await several(t, argv, vanishing(directory, "pending"));
    assert.equal(ran.exit, 2);
    assert.match(ran.out, /1 environment: 1 with differences/);
    assert.match(ran.err, /The page could not be written to .*: its directory does not exist\./);
    mkdirSync(directory);
    const json = await several(t, [...argv, "--json"], vanishing(directory, "applied"));
    const last = json.out.trimEnd().split("\n").slice(-1);
    assert.match(json.out, /"code":"page-not-written"/);
    assert.match(String(last), /^\{"type":"summary","exit":2,/);
  });

  test("does not hide a worse result", async (t) => {
    const directory = join(emptyDirectory(t), "reports");
    mkdirSync(directory);
    const argv = ["status", "dev-1", "dev-2", "--html", join(directory, "page.html")];
    const answering = { ...vanishing(directory, "applied"), "dev-2": bad("dev-2") };
    assert.equal((await several(t, argv, answering)).exit, 1);
  });
});
