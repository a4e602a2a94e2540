/** True if a program could not start because it is not installed. */
export const isProgramMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
