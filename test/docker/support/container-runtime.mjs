import { spawn } from "node:child_process";
import process from "node:process";

/*
 * What the local Lambda service starts in place of an interface client: a container of the image, as Lambda would run it.
 * Its environment is the function's; CONTAINER_IMAGE, CONTAINER_NAME and CONTAINER_VOLUME and CONTAINER_USER are for this file alone.
 */
const {
  CONTAINER_IMAGE: image = "",
  CONTAINER_NAME: name = "",
  CONTAINER_VOLUME: volume,
  CONTAINER_USER: user,
} = process.env;
const ours = new Set(["PATH", "HOME", "TMPDIR", "NODE_OPTIONS", "CONTAINERS_CONF"]);
const passed = Object.keys(process.env).filter(
  (key) => !ours.has(key) && !key.startsWith("CONTAINER_"),
);
const limits = [
  ...["--network", "host", "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:size=512m"],
  ...[
    "--memory",
    "256m",
    "--memory-swap",
    "256m",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
  ],
];
const argv = [
  ...["run", "--rm", "--replace", "--name", name, ...limits],
  ...(volume === undefined ? [] : ["--volume", volume]),
  ...(user === undefined ? [] : ["--user", user]),
  ...passed.flatMap((key) => ["--env", key]),
  image,
];
const child = spawn("podman", argv, { stdio: ["ignore", "inherit", "inherit"] });
child.once("exit", (code) => process.exit(code ?? 1));
