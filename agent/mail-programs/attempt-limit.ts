/** Limit of sign-in attempts with a wrong password, for all connections together. */
export interface AttemptLimit {
  /** True if a further password may be tried. False if the number of wrong passwords in the last minute has reached the limit. */
  allows(now: number): boolean;
  failed(now: number): void;
}

const MINUTE = 60_000;

/** Creates the limit. `most`: number of wrong passwords within a minute after which no password is accepted for the rest of the minute. */
export function createAttemptLimit(most: number): AttemptLimit {
  let failures: number[] = [];
  const recent = (now: number) => {
    failures = failures.filter((at) => now - at < MINUTE);
    return failures;
  };
  return {
    allows: (now) => recent(now).length < most,
    failed(now) {
      // Only the newest failures count, so the list never needs more entries than the limit.
      failures = [...recent(now), now].slice(-most);
    },
  };
}
