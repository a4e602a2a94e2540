/**
 * Commands, each carried out once. A command is stored before it is acknowledged, marked `started` before it is carried out, and
 * its result is stored in one transaction with the report that tells of it. After kill -9 in between, what was started is done
 * again (every command here may be: doing it twice is doing it once) and reported once. Commands expire on real time.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Command, Inventory, ReportItem } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface StoredCommand {
  readonly id: CommandId;
  readonly command: Command;
  /** The server's shares for a lock or an unlock, base64. The store forgets them when the command is finished. */
  readonly shares?: readonly string[] | undefined;
  /** Unix milliseconds of real time. */
  readonly expires: number;
}

export interface CommandStore {
  transaction<T>(work: () => T): T;
  /** False when the id is known: sent again, already seen. */
  storeCommand(command: StoredCommand): boolean;
  /** In the order in which they came. */
  unfinishedCommands(): readonly (StoredCommand & { readonly started: boolean })[];
  startCommand(id: CommandId): void;
  /** Marks it finished and appends the report, in one transaction; nothing when it was finished already. */
  finishCommand(id: CommandId, result: ReportItem): void;
  /** The shares of finished commands leave the disk. */
  forgetShares(): void;
  report(item: ReportItem): void;
  addMessage(id: string, text: string, at: Instant): void;
  /** So that a crash after the result cannot leave the device enrolled. */
  markUnenrolling(): void;
}

export interface CommandPorts {
  readonly store: CommandStore;
  readonly workspace: Workspace;
  readonly inventory: () => Promise<Inventory>;
  readonly deviceNow: () => Instant;
  /** Called when a result is durable. */
  readonly onResult: () => void;
  readonly onRestart: () => void;
  /** Ends the enrolment; called when the result is durable, and waits itself until it is sent. */
  readonly onUnenrol: () => void;
  /** The store refused (a full disk): what is unfinished is tried again at the next `work`. */
  readonly onFailure: (error: unknown) => void;
}

export interface Commands {
  /** Durable when it returns, whether new or known. */
  store(command: StoredCommand): void;
  /** Carries out whatever is stored and not finished, one after another. Never rejects. */
  work(): Promise<void>;
}

function halfOf([share]: readonly string[]): Buffer {
  if (share !== undefined) return Buffer.from(share, 'base64');
  throw new CordonError('invalid_input', 'The server sent no share to lock the workspace with. Update the server.');
}

type Outcome = {
  readonly outcome: 'done' | 'failed' | 'expired';
  readonly detail: string;
  readonly after?: () => void;
};

export function createCommands(ports: CommandPorts): Commands {
  const { store } = ports;
  let working = Promise.resolve();

  const carryOut = async ({ id, command, shares = [] }: StoredCommand): Promise<Outcome> => {
    switch (command.kind) {
      case 'refresh-inventory': {
        const inventory = await ports.inventory();
        store.report({ type: 'inventory', inventory });
        return { outcome: 'done', detail: 'the inventory was collected' };
      }
      case 'message':
        store.addMessage(id, command.text, ports.deviceNow());
        return { outcome: 'done', detail: 'stored for the user' };
      case 'lock-workspace':
        await ports.workspace.lock(halfOf(shares));
        return { outcome: 'done', detail: 'the workspace is locked' };
      case 'unlock-workspace':
        await ports.workspace.unlock(shares.map((share) => Buffer.from(share, 'base64')));
        return { outcome: 'done', detail: 'the workspace is open' };
      case 'wipe-workspace': {
        const wiped = await ports.workspace.wipe();
        const verified = wiped.verified.join('; ');
        return { outcome: 'done', detail: `${wiped.filesRemoved} files, ${wiped.bytesOverwritten} bytes; ${verified}` };
      }
      case 'restart-agent':
        return { outcome: 'done', detail: 'restarting', after: ports.onRestart };
      case 'unenrol':
        return { outcome: 'done', detail: 'the keys will be destroyed now', after: ports.onUnenrol };
    }
  };

  const finish = async (stored: StoredCommand & { readonly started: boolean }) => {
    let result: Outcome;
    if (!stored.started && Date.now() >= stored.expires) {
      result = { outcome: 'expired', detail: 'it reached the device after it had expired' };
    } else {
      store.startCommand(stored.id);
      try {
        result = await carryOut(stored);
      } catch (error) {
        const code = isCordonError(error) ? `${error.code}: ` : '';
        result = {
          outcome: 'failed',
          detail: `${code}${error instanceof Error ? error.message : String(error)}`.slice(0, 2000),
        };
      }
    }
    const { outcome, detail, after } = result;
    store.transaction(() => {
      store.finishCommand(stored.id, { type: 'result', command: stored.id, outcome, detail, at: Date.now() });
      if (stored.command.kind === 'unenrol' && outcome === 'done') store.markUnenrolling();
    });
    store.forgetShares();
    ports.onResult();
    after?.();
  };

  const drain = async () => {
    // A crash may lie between a result and this.
    store.forgetShares();
    for (;;) {
      const [next] = store.unfinishedCommands();
      if (!next) return;
      await finish(next);
    }
  };

  return {
    store(command) {
      store.storeCommand(command);
    },
    work() {
      working = working.then(drain).catch((error: unknown) => ports.onFailure(error));
      return working;
    },
  };
}
