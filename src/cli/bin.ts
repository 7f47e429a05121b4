#!/usr/bin/env node
import { packageVersion } from "../package-version.ts";

// Before any client of the SDK exists: its notice about Node versions is for developers of this program, not its users.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const [first, ...others] = process.argv.slice(2);
if (others.length === 0 && (first === "--version" || first === "-V")) {
  process.stdout.write(`${packageVersion}\n`);
} else {
  const [{ main }, { contextOf }] = await Promise.all([
    import("./main.ts"),
    import("./process-context.ts"),
  ]);
  const code = await main(contextOf(process, packageVersion));
  // Both streams are flushed first: a pipe's reader must get the last line. Then the end is certain, whatever is still open.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
