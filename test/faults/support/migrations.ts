/** Up files by `<version>_<name>`, in order. */
export type Sql = Readonly<Record<string, string>>;

/** Each file leaves a trace in the table `done`: its version, and the transaction that it ran in. */
const trace = (version: number): string =>
  `INSERT INTO done (v, txid) VALUES (${String(version)}, txid_current());`;

/** Files that fail when they run twice, and one (3) that does so in silence. */
export const migrations: Sql = {
  "1_people": `CREATE TABLE done (at bigserial PRIMARY KEY, v bigint NOT NULL, txid bigint NOT NULL);
CREATE TABLE people (id int PRIMARY KEY);
${trace(1)}`,
  "2_names": `ALTER TABLE people ADD COLUMN name text NOT NULL DEFAULT '';\n${trace(2)}`,
  "3_data": trace(3),
  "4_view": `CREATE VIEW named AS SELECT id FROM people WHERE name <> '';\n${trace(4)}`,
};

/** With three more, so that the last four may share a request. */
export const seven: Sql = {
  ...migrations,
  "5_pets": `CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES people);\n${trace(5)}`,
  "6_rows": `INSERT INTO people (id) VALUES (1);\n${trace(6)}`,
  "7_index": `CREATE INDEX pets_owner ON pets (owner);\n${trace(7)}`,
};

/** What a reset leads to: the first four, which the other branch has too, and one of its own. */
export const otherBranch: Sql = {
  ...migrations,
  "8_tags": `CREATE TABLE tags (id int PRIMARY KEY);\n${trace(8)}`,
};

/** What a reset of a client leads to, from the first four: it rolls two of them back, and applies one. */
export const shortBranch: Sql = { ...firstOf(2), "8_tags": otherBranch["8_tags"] ?? "" };

/** What a squash leads to: one migration in place of the last three of the seven, and a later one. */
export const squashed: Sql = {
  ...migrations,
  "8_squash": [
    "-- hasura-migrate: squashes 5 6 7",
    ...["5_pets", "6_rows", "7_index"].map((name) => seven[name] ?? ""),
  ].join("\n"),
  "9_tags": `CREATE TABLE tags (id int PRIMARY KEY);\n${trace(9)}`,
};

/** How the later ones are rolled back, their trace too. */
const downs: Sql = {
  "3_data": "DELETE FROM done WHERE v = 3;",
  "4_view": "DROP VIEW named; DELETE FROM done WHERE v = 4;",
  "5_pets": "DROP TABLE pets; DELETE FROM done WHERE v = 5;",
  "6_rows": "DELETE FROM people WHERE id = 1; DELETE FROM done WHERE v = 6;",
  "7_index": "DROP INDEX pets_owner; DELETE FROM done WHERE v = 7;",
  "8_squash":
    "DROP TABLE pets; DELETE FROM people WHERE id = 1; DELETE FROM done WHERE v IN (5, 6, 7);",
  "9_tags": "DROP TABLE tags; DELETE FROM done WHERE v = 9;",
};

/** The first `count` of them. */
export function firstOf(count: number): Sql {
  return Object.fromEntries(Object.entries(migrations).slice(0, count));
}

/** A project on disk with these up files. */
export function filesOf(sql: Sql): Record<string, string> {
  const files = Object.entries(sql).flatMap(([name, up]): [string, string][] => {
    const down = downs[name];
    return [
      [`migrations/default/${name}/up.sql`, up],
      ...(down === undefined
        ? []
        : [[`migrations/default/${name}/down.sql`, down] satisfies [string, string]]),
    ];
  });
  return { "config.yaml": "version: 3\n", ...Object.fromEntries(files) };
}

export function versionsOf(sql: Sql): string[] {
  return Object.keys(sql).map((name) => name.split("_")[0] ?? "");
}
