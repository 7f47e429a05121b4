// A task: prints its request and where it runs, and ends with the exit code that the request names, or at SIGTERM.

/** @param {{ waits?: boolean, exitCode?: number }} request */
function serve(request) {
  if (request.waits) {
    const timer = setInterval(() => undefined, 1000);
    process.on("SIGTERM", () => clearInterval(timer));
  } else process.exitCode = request.exitCode;
  process.stdout.write(
    `${JSON.stringify({ request, metadata: process.env.ECS_CONTAINER_METADATA_URI_V4 })}\n`,
  );
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- it is what the test wrote
serve(JSON.parse(process.argv[2] ?? "{}"));
