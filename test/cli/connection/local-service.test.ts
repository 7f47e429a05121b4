import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { keepLocalKey, localKeyFor } from "../../../src/cli/connection/local-keys.ts";
import { serverLine } from "../../../src/cli/connection/local.ts";
import { isLoopback } from "../../../src/cli/connection/loopback.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const url = "http://127.0.0.1:9001";
const key = "local-0123456789abcdef";

describe("the access key of a local service", () => {
  const fileIn = (home: string) => join(home, ".local/state/hasura-migrate/lambda-9001");

  test("is kept in a file that only its user can read, until it is removed", async (t) => {
    const context = testContext(t, { argv: [] });
    const forget = await keepLocalKey(url, key, context);
    const file = fileIn(context.home);
    assert.equal(readFileSync(file, "utf8"), `${key}\n`);
    assert.deepEqual(
      [statSync(file).mode & 0o777, statSync(join(file, "..")).mode & 0o777],
      [0o600, 0o700],
    );
    assert.equal(await localKeyFor(url, context), key);
    await forget?.();
    assert.deepEqual([existsSync(file), await localKeyFor(url, context)], [false, undefined]);
    await forget?.();
  });

  test("takes the place of one that was left behind, and does not remove that of a later service", async (t) => {
    const context = testContext(t, { argv: [] });
    const forget = await keepLocalKey(url, key, context);
    await keepLocalKey(url, "local-02", context);
    await forget?.();
    assert.equal(await localKeyFor(url, context), "local-02");
  });

  test("is kept for each port, in the directory of XDG_STATE_HOME where that is set", async (t) => {
    const state = emptyDirectory(t);
    const context = testContext(t, { argv: [], env: { XDG_STATE_HOME: state } });
    await keepLocalKey(url, key, context);
    await keepLocalKey("http://127.0.0.1", "local-80", context);
    const read = (port: number) =>
      readFileSync(join(state, `hasura-migrate/lambda-${port}`), "utf8");
    assert.deepEqual([read(9001), read(80)], [`${key}\n`, "local-80\n"]);
    const empty = testContext(t, { argv: [], env: { XDG_STATE_HOME: "" } });
    await keepLocalKey(url, key, empty);
    assert.ok(existsSync(fileIn(empty.home)));
  });

  test("is not kept if its directory cannot be created, which is not a failure", async (t) => {
    const context = testContext(t, { argv: [] });
    writeFileSync(join(context.home, ".local"), "a file");
    assert.equal(await keepLocalKey(url, key, context), undefined);
  });

  test("may be in the environment instead, if it looks like one", async (t) => {
    const with_ = (set: string) =>
      localKeyFor(url, testContext(t, { argv: [], env: { AWS_ACCESS_KEY_ID: set } }));
    assert.equal(await with_(key), key);
    for (const other of ["AKIAEXAMPLE", "local-", "local-xyz", `x${key}`, `${key}-`, ""])
      assert.equal(await with_(other), undefined, other);
  });

  test("is never a key that was not created by a local service", async (t) => {
    const context = testContext(t, { argv: [] });
    const file = fileIn(context.home);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "AKIAEXAMPLE\n");
    chmodSync(file, 0o600);
    assert.equal(await localKeyFor(url, context), undefined);
  });

  test("is not sent to another machine", async (t) => {
    const context = testContext(t, { argv: [], env: { AWS_ACCESS_KEY_ID: key } });
    for (const elsewhere of ["http://example.com:9001", "https://lambda.eu-west-1.amazonaws.com"])
      assert.equal(await localKeyFor(elsewhere, context), undefined);
  });
});

describe("a service on this machine", () => {
  const cases: [url: string | undefined, isHere: boolean][] = [
    ["http://127.0.0.1:9001", true],
    ["http://127.1.22.255", true],
    ["http://localhost", true],
    ["http://[::1]:9001", true],
    ["https://127.0.0.1", false],
    ["http://ada@127.0.0.1", false],
    ["http://:secret@127.0.0.1", false],
    ["http://127.0.0.1.example.com", false],
    ["http://x127.0.0.1", false],
    ["http://localhost.example.com", false],
    ["http://mylocalhost", false],
    ["http://10.0.0.1", false],
    ["nothing", false],
    [undefined, false],
  ];
  for (const [address, isHere] of cases)
    test(`${isHere ? "is" : "is not"} at ${address}`, () =>
      assert.equal(isLoopback(address), isHere));
});

describe("the database server of the embedded environment", () => {
  test("is named with its directory, as short as the working and home directory allow", (t) => {
    const context = { ...testContext(t, { argv: [], cwd: "/home/ada/app" }), home: "/home/ada" };
    const line = (data: string) =>
      serverLine(context, { server: { description: "PostgreSQL 15", data } });
    assert.equal(line("/home/ada/app/.x/data"), "PostgreSQL 15, data in .x/data");
    assert.equal(line("/home/ada/.local/state/data"), "PostgreSQL 15, data in ~/.local/state/data");
    assert.equal(line("/home/adam/data"), "PostgreSQL 15, data in /home/adam/data");
    assert.equal(line("/var/data"), "PostgreSQL 15, data in /var/data");
    assert.equal(serverLine(context, {}), undefined);
  });
});
