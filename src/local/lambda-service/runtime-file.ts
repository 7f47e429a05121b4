import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../../protocol/failure.ts";

/** Beside the bundle that holds this file; or, when this runs from source, in the build's output. */
const places = [
  "./runtime-client.mjs",
  "../runtime-client.mjs",
  "../../../dist/runtime-client.mjs",
];

/** The built client of the Runtime API. Throws `bug/runtime-client-missing` where the package is not complete. */
export function runtimeClientFile(): string {
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = files.find((file) => existsSync(file));
  if (found) return found;
  throw new Failure(
    "bug",
    "runtime-client-missing",
    "The local Lambda service lacks its runtime client, dist/runtime-client.mjs.",
    {
      hints: ["npm run build"],
    },
  );
}
