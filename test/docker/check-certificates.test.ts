import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import { authority, server } from "../lambda/support/private-authority.ts";
import { expiredAuthority } from "./support/expired-authority.ts";
import { dockerFile, filesIn, run } from "./support/program.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";
const script = dockerFile("check-certificates");
const inMiddle = Math.floor(authority.certificate.length / 2);

describe("check certificates", () => {
  test("good certificates: prints subject, expiry date and fingerprint of each", async (t) => {
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
      /one\.pem: CN=Example Private Authority,O=Example Corp, expires on .* 2126 GMT, SHA-256 /,
    );
    assert(lines[0]?.endsWith(new X509Certificate(authority.certificate).fingerprint256));
    assert(lines[2]?.endsWith(new X509Certificate(server.certificate).fingerprint256));
  });

  test("a directory without certificates passes", async (t) => {
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
      /server\.pem contains a private key/,
    ],
    [
      "a certificate that would be ignored",
      { "authority.crt": authority.certificate },
      /authority\.crt is not used: rename it to \*\.pem/,
    ],
    [
      "a certificate that is spelled in upper case",
      { "authority.PEM": authority.certificate },
      /authority\.PEM is not used: rename it to \*\.pem/,
    ],
    [
      "a certificate in a subdirectory",
      { "more/authority.pem": authority.certificate },
      /more\/authority\.pem is not used: move it to/,
    ],
    ["a key store", { "all.p12": "?" }, /all\.p12 may contain a private key/],
  ] as const) {
    test(`${what} stops the build with a message`, async (t) => {
      if (skip !== false) t.skip(skip);

      const directory = await filesIn(t, { "good.pem": authority.certificate, ...files });
      const { code, stdout, stderr } = await run(script, [directory]);
      assert.equal(code, 1);
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split("\n").length, 1);
      assert.match(stdout, /good\.pem/, "the good one is printed all the same");
    });
  }

  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const encrypted = { cipher: "aes-256-cbc", passphrase: "correct horse" };
  const pem = (type: string): string => `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`;
  for (const [form, key] of [
    ["PKCS #8", pair.export({ type: "pkcs8", format: "pem" })],
    ["encrypted PKCS #8", pair.export({ type: "pkcs8", format: "pem", ...encrypted })],
    ["RSA", pair.export({ type: "pkcs1", format: "pem" })],
    ["encrypted RSA", pair.export({ type: "pkcs1", format: "pem", ...encrypted })],
    ["EC", curve.export({ type: "sec1", format: "pem" })],
    ["DSA", pem("DSA PRIVATE KEY")],
    ["OpenSSH", pem("OPENSSH PRIVATE KEY")],
    ["SSH2", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n"],
    ["PGP", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nAAAA\n"],
    ["PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\n"],
    ["lower-case", pem("RSA PRIVATE KEY").toLowerCase()],
    ["binary PKCS #8", pair.export({ type: "pkcs8", format: "der" })],
    ["binary encrypted PKCS #8", pair.export({ type: "pkcs8", format: "der", ...encrypted })],
    ["binary RSA", pair.export({ type: "pkcs1", format: "der" })],
    ["binary EC", curve.export({ type: "sec1", format: "der" })],
  ] as const) {
    test(`a private key (${form}) stops the build, whatever its file is called`, async (t) => {
      if (skip !== false) t.skip(skip);

      const directory = await filesIn(t, { "good.pem": authority.certificate });
      for (const name of ["key.pem", "key.crt", "README.txt", ".hidden", "below/key"]) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), key);
      }
      const { code, stderr } = await run(script, [directory]);
      assert.equal(code, 1);
      assert.deepEqual(
        stderr
          .trim()
          .split("\n")
          .map((line) => line.replace(`${directory}/`, "")),
        [".hidden", "README.txt", "below/key", "key.crt", "key.pem"].map(
          (name) =>
            `check-certificates: ${name} contains a private key, which must never be in an image; remove it`,
        ),
      );
    });
  }

  test("all problems are reported at once", async (t) => {
    if (skip !== false) t.skip(skip);

    const { code, stderr } = await run(script, [
      await filesIn(t, { "a.pem": "", "b.pem": expiredAuthority }),
    ]);
    assert.equal(code, 1);
    assert.equal(stderr.trim().split("\n").length, 2);
  });

  test("a missing directory stops the build with a message", async (t) => {
    if (skip !== false) t.skip(skip);

    const { code, stderr } = await run(script, [join(await filesIn(t, {}), "certificates")]);
    assert.equal(code, 1);
    assert.match(stderr, /there is no directory .*certificates; create it/);
  });

  test("the committed directory passes", async (t) => {
    if (skip !== false) t.skip(skip);

    assert.equal((await run(script, [])).code, 0);
  });
});
