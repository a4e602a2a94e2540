import type { CredentialPort } from './enrollment/credentials.ts';

/**
 * Milliseconds to wait until the server has the command's result. Afterward, the device deletes its keys even if the server is unreachable.
 */
const RESULT_WITHIN = 30_000;

/** End of this device's enrollment by an admin's command. The device deletes its keys and data when the server has the command's result. */
export interface Unenrollment {
  isPending(): boolean;
  /**
   * Ends the enrollment after `RESULT_WITHIN`, even if the server cannot be reached. `endIfSent` ends the enrollment earlier, when the
   * server has stored all reports.
   */
  schedule(): void;
  endIfSent(): void;
  /**
   * Completes a pending unenrollment. Called when the server closes the connection because the enrollment has ended. The server then
   * already has the result of the command.
   */
  endIfPending(): void;
  stop(): void;
}

export function createUnenrollment(ports: {
  readonly store: { unenrolling(): boolean; count(): number; clear(): void };
  readonly credentials: Pick<CredentialPort, 'destroy'>;
  readonly stopAgent: () => void;
  readonly onKept: () => void;
}): Unenrollment {
  const { store } = ports;
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    ports.stopAgent();
    ports.credentials.destroy();
    store.clear();
    ports.onKept();
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
