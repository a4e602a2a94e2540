/** Limits of a zip. The reader stops as soon as a limit is exceeded, before it copies or parses a file. */
export interface ZipLimits {
  readonly isName: (name: string) => boolean;
  readonly nameBytes: number;
  readonly files: number;
  /** Maximum size of the whole zip in bytes. */
  readonly bytes: number;
  /** Maximum size in bytes of the file with the given name. */
  readonly fileBytes: (name: string) => number;
}
