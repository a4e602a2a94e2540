import { Loop } from '../../shared/loops/loop.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Exits } from './exits.ts';

/** Wipes the workspace when an order's exit is due. After a crash during the wipe, the next start wipes again, which is harmless. */
export interface ExitWork {
  /** Wipes the workspace if an exit is due. Never rejects: if the wipe fails, the next call repeats it. */
  work(): Promise<void>;
}

export function createExitWork(ports: {
  readonly exits: Pick<Exits, 'dueExit' | 'complete'>;
  readonly workspace: Pick<Workspace, 'wipe'>;
  readonly onDone: (order: string) => void;
  readonly onFailure: (error: unknown) => void;
}): ExitWork {
  const { exits, workspace } = ports;
  const carryOut = async () => {
    const due = exits.dueExit();
    if (!due) return;
    await workspace.wipe();
    exits.complete(due);
    ports.onDone(due.order);
  };

  const loop = new Loop({ run: carryOut, failed: ports.onFailure });
  return { work: () => loop.run() };
}
