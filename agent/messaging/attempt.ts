/**
 * Runs one step of the message loop. If the step fails, reports the error and resolves to null. Another run of the step follows after
 * `RETRY_AFTER`. Other steps continue meanwhile.
 */
export type Attempt = <T>(what: string, work: () => Promise<T> | T) => Promise<T | null>;

/** Milliseconds before a failed step runs again. Most steps fail because of the network. */
export const RETRY_AFTER = 5_000;
