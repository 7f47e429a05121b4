#!/usr/bin/env node
import { packageVersion } from "../package-version.ts";

// Set before any AWS client is created: the SDK's warning about Node versions is for developers, not for users.
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
  // Flush both streams, so that a pipe's reader gets the last line; then exit, whatever is still open.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
