/** The reader stops at the first excess, before it copies or parses a file. */
export interface ZipLimits {
  readonly isName: (name: string) => boolean;
  readonly nameBytes: number;
  readonly files: number;
  /** The size of the whole zip. */
  readonly bytes: number;
  /** The size of the file with this name. */
  readonly fileBytes: (name: string) => number;
}
