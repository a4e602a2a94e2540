/**
 * Carries out what enforcement says is due of an exit: the workspace is wiped and looked at, and then it is said. Killed in between, it is done again at the
 * next start: doing it twice is doing it once.
 */
import type { Workspace } from '../workspace/workspace.ts';
import type { Enforcement } from './enforcement.ts';

export interface ExitWork {
  /** Carries out whatever is due. Never rejects: what failed is tried again at the next call. */
  work(): Promise<void>;
}

export function createExitWork(ports: {
  readonly enforcement: Pick<Enforcement, 'dueExit' | 'exited'>;
  readonly workspace: Pick<Workspace, 'wipe'>;
  /** It is durable. */
  readonly onDone: (order: string) => void;
  readonly onFailure: (error: unknown) => void;
}): ExitWork {
  const { enforcement, workspace } = ports;
  let working = Promise.resolve();

  const carryOut = async () => {
    const due = enforcement.dueExit();
    if (!due) return;
    await workspace.wipe();
    enforcement.exited(due);
    ports.onDone(due.order);
  };

  return {
    work() {
      working = working.then(carryOut).catch((error: unknown) => ports.onFailure(error));
      return working;
    },
  };
}
