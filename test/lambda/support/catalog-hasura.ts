import type { TestContext } from "vitest";
import { scriptedHasura, type Asked, type Scripted } from "../../support/scripted-hasura.ts";

export interface CatalogHasura {
  readonly url: string;
  /** The SQL of every run_sql that was answered well, with its options. */
  readonly ran: { readonly sql: string; readonly no_transaction?: boolean }[];
  /** Versions by database, as the document has them. */
  versions(database?: string): string[];
  /** Replaces the document, as another tool would. */
  readonly write: (migrations: Record<string, Record<string, boolean>>) => void;
}

interface Options {
  readonly databases?: readonly string[];
  readonly migrations?: Record<string, Record<string, boolean>>;
  /** An answer of its own, such as a refusal; undefined for the usual one. */
  readonly script?: (asked: Asked, hasura: CatalogHasura) => Scripted | undefined;
}

type Document = { migrations?: Record<string, Record<string, boolean>> } & Record<string, unknown>;

/** A Hasura that keeps its catalog state and nothing else: SQL is remembered and not run. */
export async function catalogHasura(t: TestContext, options: Options = {}): Promise<CatalogHasura> {
  let document: Document = {
    migrations: options.migrations ?? {},
    settings: { migration_mode: "true" },
    isStateCopyCompleted: true,
  };
  const ran: CatalogHasura["ran"] = [];
  const answer = (asked: Asked): Scripted | undefined =>
    options.script?.(asked, hasura) ?? usual(asked);
  const usual = (asked: Asked): Scripted | undefined => {
    const { path, body } = asked;
    if (path === "/v1/version") return { json: { version: "v2.48.0" } };
    switch (body?.type) {
      case "export_metadata":
        return {
          json: {
            version: 3,
            sources: (options.databases ?? ["default"]).map((name) => ({ name, kind: "postgres" })),
          },
        };
      case "get_catalog_state":
        return {
          json: {
            id: "3f2c9a4e-0000-4000-8000-000000000001",
            cli_state: document,
            console_state: {},
          },
        };
      case "set_catalog_state":
        document = (body.args as { state: Document }).state;
        return { json: { message: "success" } };
      case "run_sql":
        ran.push(body.args as CatalogHasura["ran"][number]);
        return { json: { result_type: "CommandOk", result: null } };
      case "reload_metadata":
      case "get_inconsistent_metadata":
        return { json: { is_consistent: true, inconsistent_objects: [] } };
      case "bulk": {
        const parts = body.args as NonNullable<Asked["body"]>[];
        const answers = parts.map((part) => usual({ ...asked, body: part }));
        return {
          json: answers.map((part) => (typeof part === "object" ? part.json : undefined)),
        };
      }
      default:
        return undefined;
    }
  };
  const { url } = await scriptedHasura(t, answer);
  const hasura: CatalogHasura = {
    url,
    ran,
    versions: (database = "default") => Object.keys(document.migrations?.[database] ?? {}),
    write: (migrations) => (document = { ...document, migrations }),
  };
  return hasura;
}
