import assert from "node:assert/strict";
import pg from "pg";
import { describe, test } from "vitest";
import { driverAddress } from "../../../src/local/hasura-api/driver-address.ts";

const address = (query: string): string => `postgres://me@db/x${query}`;

describe("the address of a database for the driver", () => {
  for (const [given, taken] of [
    ["?sslmode=require", "?sslmode=verify-full"],
    ["?sslmode=prefer&connect_timeout=5", "?sslmode=verify-full&connect_timeout=5"],
    ["?application_name=a&sslmode=verify-ca", "?application_name=a&sslmode=verify-full"],
    ["?sslmode=verify-full", "?sslmode=verify-full"],
    ["?sslmode=no-verify", "?sslmode=no-verify"],
    ["?sslmode=disable", "?sslmode=disable"],
    ["?uselibpqcompat=true&sslmode=require", "?uselibpqcompat=true&sslmode=require"],
    ["?application_name=sslmode=require", "?application_name=sslmode=require"],
    ["", ""],
  ] as const)
    test(`${given || "without options"} is taken as ${taken || "it is"}`, () => {
      assert.equal(driverAddress(address(given)), address(taken));
    });

  test("the driver does not warn about it, but verifies the certificate", async (t) => {
    const warnings: string[] = [];
    const warned = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", warned);
    t.onTestFinished(() => void process.off("warning", warned));
    for (const mode of ["prefer", "require", "verify-ca"]) {
      const connectionString = driverAddress(address(`?sslmode=${mode}`));
      const client = new pg.Client({ connectionString });
      assert.deepEqual(client.ssl, {});
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  });
});
