/** The files of a project. Paths are from the project's root, with forward slashes. */
export interface MetadataFiles {
  /**
   * The bytes of a file; undefined if it does not exist.
   * @throws Failure for one that cannot be read, or is outside of the project
   */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** Where a project has its metadata. */
export interface MetadataLayout {
  /** The layout of the files: of config version 2 or 3. */
  readonly configVersion: 2 | 3;
  /** From the project's root, with forward slashes. */
  readonly directory: string;
  /** The only file, instead of a directory: `.json` or `.yaml`. */
  readonly file?: string;
}
