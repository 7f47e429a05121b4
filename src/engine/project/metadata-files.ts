import { join, posix, relative, resolve } from "node:path";
import type { MetadataFiles, MetadataLayout } from "../../metadata/project/metadata-files.ts";
import { Failure } from "../../protocol/failure.ts";
import { errorCode } from "../../system-error.ts";
import { readProjectConfig } from "./config.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import type { Project } from "./project.ts";
import { isInside } from "./scan.ts";

/**
 * Where a project has its metadata; undefined for config version 1, which has it in migrations.
 * @throws Failure usage/bad-project-config
 */
export async function metadataLayout(
  { root, home = root, configVersion }: Pick<Project, "root" | "home" | "configVersion">,
  fs: FileSystem = realFileSystem,
): Promise<MetadataLayout | undefined> {
  if (configVersion === 1) return undefined;
  const config = await readProjectConfig(home, fs);
  const fromRoot = (path: string): string =>
    posix.normalize(relative(root, resolve(home, path)).replaceAll("\\", "/"));
  return {
    configVersion,
    directory: fromRoot(config?.metadataDirectory ?? "metadata"),
    ...(config?.metadataFile !== undefined && { file: fromRoot(config.metadataFile) }),
  };
}

/** The files of a project's metadata on disk. Links must not lead out of the project and its metadata directory. */
export function metadataFiles(
  root: string,
  { directory }: MetadataLayout,
  fs: FileSystem = realFileSystem,
): MetadataFiles {
  const boundaries = [root, ...(directory.startsWith("../") ? [join(root, directory)] : [])];
  const known = new Map<string, string>();
  const isAllowed = (path: string): boolean => {
    const real = fs.realPath(path);
    return boundaries.some((boundary) => {
      const realBoundary = known.get(boundary) ?? fs.realPath(boundary);
      known.set(boundary, realBoundary);
      return isInside(real, realBoundary);
    });
  };
  return {
    read: async (path) => {
      const whole = join(root, path);
      try {
        if (!isAllowed(whole)) throw outside(path);
        return await fs.read(whole);
      } catch (thrown) {
        if (thrown instanceof Failure) throw thrown;
        if (["ENOENT", "ENOTDIR"].includes(errorCode(thrown) ?? "")) return undefined;
        throw new Failure("usage", "unreadable-file", `${path} cannot be read.`, { cause: thrown });
      }
    },
  };
}

function outside(path: string): Failure {
  return new Failure(
    "usage",
    "link-outside-project",
    `${path} is outside the project, or a link out of it.`,
  );
}
