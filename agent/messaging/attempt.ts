/** Runs a step. A failed step resolves to null, is reported, and runs again after `RETRY_AFTER`; the other steps go on. */
export type Attempt = <T>(what: string, work: () => Promise<T> | T) => Promise<T | null>;

/** Delay before a failed step runs again, in milliseconds. Most failures are failures of the network. */
export const RETRY_AFTER = 5_000;
