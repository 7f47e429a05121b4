import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { describe, test } from "vitest";
import { authority, server } from "../lambda/support/private-authority.ts";
import { expiredAuthority } from "./support/expired-authority.ts";
import { dockerFile, filesIn, run } from "./support/program.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";
const script = dockerFile("check-certificates");
const inMiddle = Math.floor(authority.certificate.length / 2);

describe("check certificates", () => {
  test("good certificates: subject, end and fingerprint of each", async (t) => {
    if (skip !== false) t.skip(skip);

    const both = `a comment before\n${authority.certificate}${server.certificate}`;
    const directory = await filesIn(t, {
      "one.pem": authority.certificate,
      "two.pem": both,
      "README.md": "not looked at",
    });
    const { code, stdout, stderr } = await run(script, [directory]);
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 3);
    assert.match(
      lines[0] ?? "",
      /one\.pem: CN=Example Private Authority,O=Example Corp, until .* 2126 GMT, SHA-256 /,
    );
    assert(lines[0]?.endsWith(new X509Certificate(authority.certificate).fingerprint256));
    assert(lines[2]?.endsWith(new X509Certificate(server.certificate).fingerprint256));
  });

  test("no certificates at all are fine", async (t) => {
    if (skip !== false) t.skip(skip);

    assert.deepEqual(await run(script, [await filesIn(t, { "README.md": "" })]), {
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  for (const [what, files, expected] of [
    [
      "an expired one",
      { "old.pem": expiredAuthority },
      /old\.pem: the certificate O=Example Corp,CN=Expired Authority expired on Jan {2}1 00:00:00 2021 GMT/,
    ],
    [
      "one that is cut short",
      { "cut.pem": authority.certificate.slice(0, inMiddle) },
      /certificate 1 of .*cut\.pem is broken/,
    ],
    [
      "one that was changed",
      {
        "changed.pem":
          authority.certificate.slice(0, inMiddle) +
          "????" +
          authority.certificate.slice(inMiddle + 4),
      },
      /certificate 1 of .*changed\.pem is broken/,
    ],
    ["something else", { "text.pem": "hello\n" }, /text\.pem is not PEM.*openssl x509 -inform der/],
    ["an empty file", { "empty.pem": "" }, /empty\.pem is not PEM/],
    [
      "a private key",
      { "server.pem": server.certificate + server.key },
      /server\.pem holds a private key/,
    ],
    [
      "a file that would be left out",
      { "authority.crt": authority.certificate },
      /authority\.crt is not taken: rename it to \*\.pem/,
    ],
  ] as const) {
    test(`${what} stops the build with a sentence`, async (t) => {
      if (skip !== false) t.skip(skip);

      const directory = await filesIn(t, { "good.pem": authority.certificate, ...files });
      const { code, stdout, stderr } = await run(script, [directory]);
      assert.equal(code, 1);
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split("\n").length, 1);
      assert.match(stdout, /good\.pem/, "the good one is shown all the same");
    });
  }

  test("every problem is told at once", async (t) => {
    if (skip !== false) t.skip(skip);

    const { code, stderr } = await run(script, [
      await filesIn(t, { "a.pem": "", "b.pem": expiredAuthority }),
    ]);
    assert.equal(code, 1);
    assert.equal(stderr.trim().split("\n").length, 2);
  });

  test("a missing directory stops the build with a sentence", async (t) => {
    if (skip !== false) t.skip(skip);

    const { code, stderr } = await run(script, [join(await filesIn(t, {}), "certificates")]);
    assert.equal(code, 1);
    assert.match(stderr, /there is no directory .*certificates; create it/);
  });

  test("the directory that is committed passes", async (t) => {
    if (skip !== false) t.skip(skip);

    assert.equal((await run(script, [])).code, 0);
  });
});
