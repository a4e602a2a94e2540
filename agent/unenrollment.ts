import type { CredentialPort } from './enrollment/credentials.ts';

/** Milliseconds for the result of the command to reach the server. An unreachable server must not keep the keys alive. */
const RESULT_WITHIN = 30_000;

/** The end of this device's enrollment on command of an admin: keys and data are deleted after the result has reached the server. */
export interface Unenrollment {
  isPending(): boolean;
  /** Ends the enrollment after a while, or earlier by `endIfSent`. */
  schedule(): void;
  endIfSent(): void;
  /** Ends the enrollment at once: the server has closed the connection, so it has the result. */
  endIfPending(): void;
  stop(): void;
}

export function createUnenrollment(ports: {
  readonly store: { unenrolling(): boolean; count(): number; clear(): void };
  readonly credentials: Pick<CredentialPort, 'destroy'>;
  readonly stopAgent: () => void;
  readonly onEnd: () => void;
}): Unenrollment {
  const { store } = ports;
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    ports.stopAgent();
    ports.credentials.destroy();
    store.clear();
    ports.onEnd();
  };
  const endIfPending = () => {
    if (store.unenrolling()) end();
  };

  return {
    isPending: () => store.unenrolling(),
    schedule() {
      timer ??= setTimeout(end, RESULT_WITHIN).unref();
    },
    endIfSent() {
      if (store.count() === 0) endIfPending();
    },
    endIfPending,
    stop: () => clearTimeout(timer),
  };
}
