import { realFileSystem, type FileSystem } from "./file-system.ts";
import { sealedSeeds } from "./manifest.ts";
import type { Project } from "./project.ts";
import { projectSeeds, type ProjectSeeds } from "./seeds.ts";

/** The seeds of an image. Throws what `image`, which reads its project, and `projectSeeds` throw. */
export async function imageSeeds(
  image: () => Promise<Project>,
  fs: FileSystem = realFileSystem,
): Promise<ProjectSeeds> {
  const project = await image();
  return sealedSeeds(await projectSeeds(project, fs), project.root, fs);
}
