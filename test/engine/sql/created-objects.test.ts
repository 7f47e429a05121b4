import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { createdObjects, objectLabel } from "../../../src/engine/sql/created-objects.ts";

const cases: readonly (readonly [string, readonly string[]])[] = [
  ["CREATE TABLE users (id int)", ["table users"]],
  ["create unlogged table if not exists App.Users ()", ["table app.users"]],
  ['CREATE TABLE "Odd ""Name""" ()', ['table Odd "Name"']],
  ["CREATE TEMP TABLE t (); CREATE LOCAL TEMPORARY TABLE u ()", []],
  ["CREATE TABLE a.b.c ()", []],
  ["CREATE OR REPLACE VIEW v AS SELECT 1", ["view v"]],
  ["CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1", ["view m"]],
  ["CREATE SEQUENCE s.q", ["sequence s.q"]],
  ["CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY app.users (id)", ["index app.i"]],
  ["CREATE INDEX ON users (id)", []],
  ["ALTER TABLE IF EXISTS ONLY users ADD COLUMN IF NOT EXISTS email text", ["column users.email"]],
  [
    "alter table app.users add a int default coalesce(1, 2), add column b numeric(3, 1), drop c",
    ["column app.users.a", "column app.users.b"],
  ],
  ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD PRIMARY KEY (id), ADD UNIQUE (b)", []],
  ["CREATE TABLE t (); DROP TABLE IF EXISTS t, u;", []],
  ["CREATE TABLE t (); ALTER TABLE t RENAME TO u", []],
  ["ALTER TABLE t ADD c int; ALTER TABLE t RENAME COLUMN c TO d", []],
  ["-- CREATE TABLE a ()\n/* CREATE TABLE b () */ SELECT 'CREATE TABLE c ()'", []],
  ["DO $$ BEGIN CREATE TABLE d (); END $$", []],
  ["CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", []],
  ["CREATE TABLE", []],
  ['CREATE TABLE "" (); ALTER TABLE t ADD', []],
  ['CREATE TABLE "unfinished', []],
];

describe("created objects", () => {
  for (const [sql, labels] of cases)
    test(sql, () => {
      assert.deepEqual(createdObjects(sql).map(objectLabel), labels);
    });
});
