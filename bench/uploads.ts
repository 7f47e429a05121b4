import { join } from "node:path";
import { uploadDocument } from "../src/cli/upload/build-upload.ts";
import { compressedUpload } from "../src/cli/upload/compress-upload.ts";
import { readProjectFiles } from "../src/engine/project/project-files.ts";
import type { Bench } from "./part.ts";
import { hasuraProject, trivial } from "./projects.ts";
import { bin, timed, type Command } from "./programs.ts";
import { newDatabase, served, type Served } from "./served.ts";
import { median, msText, times, type Line } from "./table.ts";

const count = 1000;
const rounds = 9;

/**
 * One pending migration of 1,000, on a warm function: from the image, and from a directory whose last migration the image does not
 * have. And how large the request with that migration is.
 */
export async function uploads({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const all = trivial(count);
  const branch = hasuraProject(join(scratch, "branch"), all);
  const main = hasuraProject(join(scratch, "main"), all.slice(0, -1));
  const version = all.at(-1)?.version ?? "";
  const whole = await served(branch, await newDatabase(serverUrl, "bench_image"));
  const partial = await served(main, await newDatabase(serverUrl, "bench_upload"));
  try {
    const image = applying(whole, version);
    const upload = applying(partial, version, "--from", branch);
    for (const measure of [image, upload]) await measure.begin();
    for (let round = 0; round < rounds; round += 1)
      for (const measure of [image, upload]) await measure.once();
    const [fromImage, uploaded] = [median(image.ms), median(upload.ms)];
    const bytes = await requestBytes(main, branch, version);
    return [
      { what: `1 pending of ${String(count)}, from the image`, figure: msText(fromImage) },
      {
        what: "the same, uploaded with --from",
        figure: msText(uploaded),
        ratio: times(uploaded, fromImage, "image"),
        budget: "≤ 1.3 × image",
      },
      {
        what: "size of the upload in its request",
        figure: `${(bytes / 1000).toFixed(1)} kB`,
        budget: "≤ 20 kB",
      },
    ];
  } finally {
    await whole.stop();
    await partial.stop();
  }
}

/** Applies everything, then, as often as asked, the last migration again, whose record is removed before. */
function applying({ lambdaUrl }: Served, version: string, ...source: string[]) {
  const command = (...args: string[]): Command => ({
    name: args.join(" "),
    file: process.execPath,
    args: [bin, ...args, "--endpoint-url", lambdaUrl],
  });
  const apply = command("dev-1", ...source);
  const forget = command("mark", "dev-1", version, "--pending", "--yes");
  const ms: number[] = [];
  const once = async (): Promise<void> => {
    await timed(forget);
    ms.push((await timed(apply)).ms);
  };
  return {
    ms,
    once,
    begin: async () => {
      await timed(apply);
      await once();
      ms.length = 0;
    },
  };
}

async function requestBytes(image: string, branch: string, version: string): Promise<number> {
  const known = await readProjectFiles(image, { now: Date.now });
  const [entries = []] = known.inventory.databases.values();
  const document = await uploadDocument(
    await readProjectFiles(branch, { now: Date.now }),
    {
      digest: known.inventory.digest,
      databases: new Map([
        [
          "default",
          {
            digests: new Map(entries.map((entry) => [entry.version, entry.digest])),
            applied: new Set(entries.map((entry) => entry.version)),
            inDoubt: new Set(),
          },
        ],
      ]),
    },
    { operation: "apply", database: undefined, from: { directory: "branch" } },
  );
  if (document.migrations.at(-1)?.version !== version)
    throw new Error("the upload does not have the pending migration");
  return compressedUpload(document).data.length;
}
