import { join } from "node:path";
import { readdirSync } from "node:fs";
import * as z from "zod";
import type { Bench } from "./part.ts";
import { root, timed } from "./programs.ts";
import type { Line } from "./table.ts";

const Packed = z
  .array(z.object({ filename: z.string(), size: z.number(), unpackedSize: z.number() }))
  .length(1);

/** The size of what `npx hasura-migrate` downloads. */
export async function packageFigures({ scratch }: Bench): Promise<Line[]> {
  const npm = async (cwd: string, ...args: string[]) =>
    (await timed({ name: `npm ${args[0] ?? ""}`, file: "npm", args, cwd })).stdout;
  const [packed] = Packed.parse(
    JSON.parse(
      await npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", scratch),
    ),
  );
  if (packed === undefined) throw new Error("npm pack created no package");
  await npm(
    scratch,
    "install",
    "--prefix",
    join(scratch, "installed"),
    "--offline",
    "--no-audit",
    "--no-fund",
    join(scratch, packed.filename),
  );
  const installed = readdirSync(join(scratch, "installed/node_modules")).filter(
    (name) => !name.startsWith("."),
  );
  const kb = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
  return [
    { what: "package, compressed", figure: kb(packed.size), budget: "≤ 700 kB" },
    { what: "package, on disk", figure: kb(packed.unpackedSize) },
    {
      what: "packages that it installs",
      figure: String(installed.length),
      budget: "1",
    },
  ];
}
