import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { startOwnServer } from "../../../src/verify/server/own-server.ts";
import { freshDirectory } from "../../support/postgres.ts";

describe("a server that is started", () => {
  test("installs an extension in two databases at once, although the role of both is changed for a moment", async (t) => {
    const options = { superuser: false, project: await freshDirectory(t) };
    const server = await startOwnServer(options, new AbortController().signal);
    t.onTestFinished(() => server.stop());
    const names = [await server.create(), await server.create()];
    const [one, other] = await Promise.all(names.map((name) => server.connect(name)));
    const observer = await server.observe(names[0] ?? "");
    assert.ok(one && other);

    await one.query("BEGIN");
    await one.query("CREATE EXTENSION citext");
    const installed = other.query("CREATE EXTENSION citext");
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while ((await observer.query(waiting)).rowCount === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await one.query("COMMIT");
    await installed;

    const { rows } = await other.query(
      "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
    );
    assert.deepEqual(rows, [{ rolsuper: false }]);
  });
});
