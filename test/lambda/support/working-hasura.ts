import type { Asked, Scripted } from "../../support/scripted-hasura.ts";

const state = { id: "3f2c9a4e-0000-4000-8000-000000000001", cli_state: {}, console_state: {} };

/** Enough of Hasura for a run without a ledger: metadata, state, SQL. */
export function workingHasura({ path, body }: Asked): Scripted | undefined {
  if (path === "/v1/version") return { json: { version: "v2.48.0" } };
  switch (body?.type) {
    case "export_metadata":
      return { json: { version: 3, sources: [{ name: "default", kind: "postgres" }] } };
    case "get_catalog_state":
      return { json: state };
    case "set_catalog_state":
      return { json: { message: "success" } };
    case "bulk":
      return { json: [state, { message: "success" }] };
    case "run_sql":
      return { json: { result_type: "TuplesOk", result: [["count"], ["0"]] } };
    case "reload_metadata":
    case "get_inconsistent_metadata":
      return { json: { is_consistent: true, inconsistent_objects: [] } };
    default:
      return undefined;
  }
}
