// A task: prints its request and where it runs, and ends with the exit code that the request names, or at SIGTERM.
const request = /** @type {{ waits?: boolean, exitCode?: number }} */ (
  JSON.parse(process.argv[2] ?? "{}")
);
process.stdout.write(
  `${JSON.stringify({ request, metadata: process.env.ECS_CONTAINER_METADATA_URI_V4 })}\n`,
);
if (request.waits) {
  const timer = setInterval(() => undefined, 1000);
  process.on("SIGTERM", () => clearInterval(timer));
} else process.exitCode = request.exitCode;
