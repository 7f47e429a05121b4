import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { builtCli } from "../../support/cli-process.ts";
import { isAlive, untilGone } from "../../support/is-alive.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A credential_process that never answers, with a child of its own; `pids` has both once they run. */
interface Hanging {
  readonly env: Record<string, string>;
  readonly pids: () => number[];
}

function hanging(t: TestContext, { isSource = false } = {}): Hanging {
  const directory = emptyDirectory(t);
  const listed = join(directory, "pids");
  const script = join(directory, "credentials.sh");
  writeFileSync(script, `trap '' TERM\nsleep 300 &\necho "$$ $!" > ${listed}\nwait\n`);
  const profile = `region = eu-west-1\ncredential_process = sh ${script}\n`;
  const config = join(directory, "config");
  writeFileSync(
    config,
    isSource
      ? `[profile dev-3]\nregion = eu-west-1\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\n[profile base]\n${profile}`
      : `[profile dev-3]\n${profile}`,
  );
  const pids = (): number[] =>
    existsSync(listed) ? readFileSync(listed, "utf8").trim().split(" ").map(Number) : [];
  t.onTestFinished(() => {
    for (const pid of pids()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return {
    env: { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: join(directory, "none") },
    pids,
  };
}

async function untilTwo(pids: () => number[]): Promise<number[]> {
  while (pids().length < 2) await tick();
  return pids();
}

describe("a credential_process that does not answer", () => {
  for (const isSource of [false, true])
    test(`is killed with its children when it is given up${isSource ? ", also where it is a role's source" : ""}`, async (t) => {
      const { env, pids } = hanging(t, { isSource });
      const context = testContext(t, { argv: ["dev-3"], env });
      const running = main(context);
      const started = await untilTwo(pids);
      context.tick(60_000);
      assert.equal(await running, 3, context.err.text);
      assert.match(context.err.text, /No credentials from profile "dev-3" within 60 s/);
      await untilGone(started);
    });

  for (const signal of ["SIGINT", "SIGTERM"] as const)
    test(`is killed with its children by ${signal}`, async (t) => {
      const { env, pids } = hanging(t);
      const child = spawn(process.execPath, [await builtCli(), "dev-3"], {
        cwd: emptyDirectory(t),
        env: { PATH: process.env["PATH"], HOME: emptyDirectory(t), ...env },
        stdio: "ignore",
      });
      t.onTestFinished(() => void child.kill("SIGKILL"));
      const started = await untilTwo(pids);
      const closed = once(child, "close");
      child.kill(signal);
      assert.deepEqual(await closed, [130, null]);
      await untilGone(started);
    });
});

describe("a credential_process", () => {
  test("that answers provides its credentials, and may leave a daemon behind", async (t) => {
    const directory = emptyDirectory(t);
    const [config, script, pid] = ["config", "credentials.sh", "pid"].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    writeFileSync(
      config,
      `[profile dev-3]\nregion = eu-west-1\ncredential_process = sh ${script}\n`,
    );
    writeFileSync(
      script,
      `sleep 300 > /dev/null 2>&1 &\necho $! > ${pid}\necho '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"s"}'\n`,
    );
    const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
    const context = testContext(t, {
      argv: ["dev-3", "--profile", "dev-3"],
      env: { AWS_CONFIG_FILE: config, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0, context.err.text);
    assert.match(lambda.calls[0]?.headers.authorization ?? "", /Credential=AKIAPROCESS\//);
    const daemon = Number(readFileSync(pid, "utf8"));
    assert.ok(isAlive(daemon));
    process.kill(daemon, "SIGKILL");
  });
});
