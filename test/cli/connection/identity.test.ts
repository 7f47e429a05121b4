import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { describeIdentity, identityOf } from "../../../src/cli/connection/aws/choose-identity.ts";
import type { SharedConfig } from "../../../src/cli/connection/aws/shared-config.ts";
import type { Target } from "../../../src/cli/config/resolve-target.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";

const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "s" };
const webIdentity = { AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: "arn:role" };
const relative = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" };
const full = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://x" };
const ci = { CI: "true" };

type Env = Readonly<Record<string, string>>;
type From = Target["profile"]["from"];

/** Whose credentials an environment gets whose profile is called dev. */
function choose(from: From, profiles: string, env: Env, endpointUrl?: string) {
  const files: SharedConfig = {
    configFilepath: "/config",
    filepath: "/credentials",
    profiles: profiles.split(" ").filter((name) => name !== ""),
    profile: () => undefined,
    headings: [],
    services: () => undefined,
  };
  const target: Target = {
    environment: "dev",
    function: "f",
    protected: false,
    profile: { name: "dev", from },
    ...(endpointUrl !== undefined && { endpointUrl }),
  };
  return identityOf(target, files, env);
}

describe("whose credentials are used", () => {
  const instead = (name: string) =>
    `AWS profile "dev" does not exist on this machine; using ${name} instead.`;
  const using = (name: string) => `Using the credentials from ${name}.`;
  const cases: [from: From, profiles: string, env: Env, who: string, notice?: string][] = [
    ["flag", "dev other", {}, "profile dev"],
    ["flag", "dev", keys, "profile dev"],
    ["config", "dev", keys, "profile dev"],
    ["config", "dev", { ...keys, AWS_PROFILE: "other" }, "profile dev"],
    ["convention", "dev", {}, "profile dev"],
    [
      "convention",
      "dev",
      keys,
      "profile dev",
      'Using AWS profile "dev", which has the environment\'s name; AWS_ACCESS_KEY_ID is ignored.',
    ],
    [
      "convention",
      "dev other",
      { ...keys, AWS_PROFILE: "other" },
      "profile dev",
      'Using AWS profile "dev", which has the environment\'s name; AWS_ACCESS_KEY_ID and AWS_PROFILE=other are ignored.',
    ],
    ["convention", "dev", { AWS_PROFILE: "dev" }, "profile dev"],
    ["convention", "other", { AWS_PROFILE: "other" }, "profile other"],
    [
      "convention",
      "other",
      { ...keys, AWS_PROFILE: "other" },
      "profile other",
      'Using AWS profile "other" from AWS_PROFILE; AWS_ACCESS_KEY_ID is ignored.',
    ],
    ["convention", "other", keys, "environment", using("AWS_ACCESS_KEY_ID")],
    ["convention", "other", webIdentity, "web-identity", using("AWS_WEB_IDENTITY_TOKEN_FILE")],
    ["convention", "other", relative, "container", using("the container's role")],
    ["convention", "other", full, "container", using("the container's role")],
    ["convention", "", { ...webIdentity, ...keys }, "environment", using("AWS_ACCESS_KEY_ID")],
    [
      "convention",
      "",
      { ...full, ...webIdentity },
      "web-identity",
      using("AWS_WEB_IDENTITY_TOKEN_FILE"),
    ],
    ["convention", "default", { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }, "profile default"],
    ["convention", "default", { AWS_ROLE_ARN: "arn:role" }, "profile default"],
    ["convention", "default", keys, "environment", using("AWS_ACCESS_KEY_ID")],
    ["convention", "default", {}, "profile default"],
    ["convention", "default", { AWS_PROFILE: "" }, "profile default"],
    ["convention", "other", {}, "instance"],
    ["config", "other", { ...keys, ...ci }, "environment", instead("AWS_ACCESS_KEY_ID")],
    ["config", "", keys, "environment", instead("AWS_ACCESS_KEY_ID")],
    ["config", "", webIdentity, "web-identity", instead("AWS_WEB_IDENTITY_TOKEN_FILE")],
    ["config", "", relative, "container", instead("the container's role")],
  ];
  for (const [from, profiles, env, who, notice] of cases)
    test(`${from}, profiles ${profiles || "none"}, ${Object.keys(env).join(" ") || "nothing set"}: ${who}`, () => {
      const { notice: shown, ...identity } = choose(from, profiles, env);
      assert.equal(
        identity.kind === "profile" ? `profile ${identity.profile}` : identity.source,
        who,
      );
      assert.equal(shown, notice);
    });

  test("are none for a service on this machine, unless a profile was typed", () => {
    const url = "http://127.0.0.1:9001";
    for (const from of ["config", "convention"] as const)
      assert.deepEqual(choose(from, "dev", keys, url), { kind: "ambient", source: "none" });
    assert.deepEqual(choose("flag", "dev", keys, url), { kind: "profile", profile: "dev" });
    const elsewhere = choose("config", "dev", keys, "https://example.com");
    assert.deepEqual(elsewhere, { kind: "profile", profile: "dev" });
  });

  const refused: [from: From, profiles: string, env: Env, name: string][] = [
    ["flag", "other", { ...keys, ...ci }, "dev"],
    ["flag", "", keys, "dev"],
    ["config", "other", keys, "dev"],
    ["config", "other", { ...keys, CI: "" }, "dev"],
    ["config", "other", { ...keys, CI: "false" }, "dev"],
    ["config", "", ci, "dev"],
    ["config", "default", { AWS_PROFILE: "default", ...ci }, "dev"],
    ["convention", "other", { ...keys, AWS_PROFILE: "nope" }, "nope"],
  ];
  for (const [from, profiles, env, name] of refused)
    test(`${from}, profiles ${profiles || "none"}, ${Object.keys(env).join(" ")}: nobody's instead of ${name}`, () => {
      assert.throws(() => choose(from, profiles, env), {
        kind: "access",
        code: "profile-missing",
        message: `AWS profile "${name}" does not exist.`,
      });
    });

  const halves: [env: Env, message: string][] = [
    [{ AWS_ACCESS_KEY_ID: "A" }, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is empty."],
    [
      { AWS_SECRET_ACCESS_KEY: "s" },
      "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is empty.",
    ],
  ];
  for (const [env, message] of halves)
    test(`are not half a key: ${message}`, () => {
      assert.throws(
        () => choose("convention", "other", env),
        (thrown) => {
          assert(thrown instanceof Failure);
          assert.deepEqual([thrown.kind, thrown.code], ["access", "no-credentials"]);
          assert.equal(thrown.message, message);
          assert.equal(thrown.hints.length, 2);
          return true;
        },
      );
      const chosen = choose("convention", "other", { ...env, AWS_PROFILE: "other" });
      assert.equal(chosen.kind === "profile" && chosen.profile, "other");
    });

  const next: [profiles: string, message: RegExp, hints: string[]][] = [
    [
      "",
      /"dev" does not exist\.$/,
      ["aws configure sso --profile dev", "There are no profiles in /config or /credentials."],
    ],
    ["a b", /"dev" does not exist\.$/, ["aws configure sso --profile dev", "Profiles: a, b."]],
    [
      "dve b",
      /"dev" does not exist\. Did you mean "dve"\?$/,
      ["retry --profile dve", "Profiles: dve, b."],
    ],
  ];
  for (const [profiles, message, hints] of next)
    test(`are of no profile that does not exist; known: ${profiles || "none"}`, () => {
      assert.throws(
        () => choose("flag", profiles, {}),
        (thrown) => {
          assert(thrown instanceof Failure);
          assert.match(thrown.message, message);
          assert.deepEqual(hintLines(thrown.hints), hints);
          return true;
        },
      );
    });

  test("is named in messages by its profile or by where it is from", () => {
    assert.equal(describeIdentity({ kind: "profile", profile: "dev" }), 'profile "dev"');
    const sources = ["environment", "web-identity", "container", "instance", "none"] as const;
    assert.deepEqual(
      sources.map((source) => describeIdentity({ kind: "ambient", source })),
      [
        "this environment (AWS_ACCESS_KEY_ID)",
        "this environment (AWS_WEB_IDENTITY_TOKEN_FILE)",
        "this environment (the container's role)",
        "this environment (the instance's role)",
        "this environment (no credentials)",
      ],
    );
  });
});
