import { join } from "node:path";
import type { FileSystem } from "./file-system.ts";
import { KeptChecksums } from "./kept-checksums.ts";
import { describes, readManifest, type Manifest } from "./manifest.ts";
import { Observations, type Change } from "./observations.ts";
import { readProject, type Project } from "./project.ts";
import type { MigrationFile } from "./scan.ts";

export interface KeptProjectOptions {
  readonly directory: string;
  readonly fs: FileSystem;
  /** Epoch milliseconds, to be compared with the times of files. */
  readonly now: () => number;
}

/**
 * Reads a project as `readProject` does, and keeps it for the next call of the same process. Before it is used again, every
 * directory and file is looked at; where anything has changed, the project is read again. Only the project of an image, which has
 * a manifest that describes it and which this process cannot write to, is never checked again. Bodies are read at each call in
 * any case.
 */
export function keptProject({ directory, fs, now }: KeptProjectOptions): () => Promise<Project> {
  const checksums = new KeptChecksums(fs, now);
  let kept: KeptProject | undefined;
  return async () => {
    const before = kept;
    kept = undefined;
    const change = before ? await before.changeSinceLast() : "places";
    if (!before || change === "places") kept = await read({ directory, fs, now }, checksums);
    else if (change === "none") kept = before;
    else kept = { ...before, project: withNewContents(before.project) };
    return kept.project;
  };
}

interface KeptProject {
  readonly project: Project;
  readonly changeSinceLast: () => Promise<Change>;
}

/** What is derived from the texts of the files has to be made again. */
function withNewContents(project: Project): Project {
  return { ...project, contents: {} };
}

async function read(
  { directory, fs, now }: KeptProjectOptions,
  checksums: KeptChecksums,
): Promise<KeptProject> {
  const observations = new Observations(fs, now);
  const project = await readProject(directory, observations.fileSystem);
  observations.close();
  const manifest = await readManifest(directory, fs);
  if (manifest && isSealed(manifest, project, observations, fs))
    return {
      project: withNewContents(
        withFiles(project, (file) => {
          const sealedChecksum = manifest.files[file.path]?.[2];
          if (sealedChecksum === undefined) return file;
          return { ...file, sealedChecksum, checksum: () => Promise.resolve(sealedChecksum) };
        }),
      ),
      changeSinceLast: async () => "none",
    };
  return {
    project: withNewContents(
      withFiles(project, (file) => ({
        ...file,
        checksum: () => checksums.of(join(project.root, file.path), () => file.checksum()),
      })),
    ),
    changeSinceLast: () => observations.changeSinceLast(),
  };
}

function isSealed(
  manifest: Manifest,
  project: Project,
  observations: Observations,
  fs: FileSystem,
): boolean {
  return (
    describes(manifest, project, (path) => observations.stateOf(path)) &&
    [...observations.directories].every((listed) => !fs.isWritable(listed))
  );
}

function withFiles(project: Project, kept: (file: MigrationFile) => MigrationFile): Project {
  const databases = [...project.databases].map(
    ([name, migrations]) =>
      [
        name,
        migrations.map(({ up, down, ...migration }) => ({
          ...migration,
          ...(up && { up: kept(up) }),
          ...(down && { down: kept(down) }),
        })),
      ] as const,
  );
  return { ...project, databases: new Map(databases) };
}
