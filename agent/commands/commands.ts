/**
 * Commands from admins. The device stores a command before it acknowledges the command. After a crash, it runs a started command again and
 * reports one result, so every command may run twice, except `run-script`, `restart-device` and `shut-down-device`. Commands expire by the machine's own clock, not by the device's time of
 * `device-clock.ts`.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { type CommandQueueName, type Priority, queueOf } from '../../shared/protocol/command-kinds.ts';
import { type CommandWindow, isOpen } from '../../shared/protocol/command-window.ts';
import type { Command, SignedScript } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { AdminMessageStore } from '../admin-messages/admin-messages.ts';
import type { FileTransfers } from '../work/file-transfers.ts';
import { changePower, type PowerPorts } from '../work/power.ts';
import type { ScriptRunner } from '../work/run-script.ts';
import { changeSoftware, type SoftwarePorts } from '../work/software.ts';
import type { UpdateOffers } from '../work/update-offer.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { chooseCommand } from './choose-command.ts';

export interface StoredCommand {
  readonly id: CommandId;
  readonly command: Command;
  /** The server's key shares for a lock or unlock of the workspace, base64. The store deletes the shares when the command is finished. */
  readonly shares?: readonly string[] | undefined;
  /** Script of a command `run-script`. The store deletes it when the command is finished. */
  readonly signedScript?: SignedScript | undefined;
  /** Expiry of the command by the machine's own clock, in Unix milliseconds. */
  readonly expires: number;
  /** Priority that an admin chose; absent if the command has the usual priority of its kind. */
  readonly priority?: Priority | undefined;
  /** The command runs only while this window is open by the machine's local time. */
  readonly window?: CommandWindow | undefined;
}

export interface CommandQueue {
  /** Stores a command. Returns false if the command is stored already: the server sends a command again until it has the result. */
  storeCommand(command: StoredCommand): boolean;
  unfinishedCommands(): readonly (StoredCommand & { readonly started: boolean })[];
  startCommand(id: CommandId): void;
  /**
   * Marks a command as finished and stores its result for the server, both in one transaction. Does nothing if the command is already
   * finished.
   */
  finishCommand(id: CommandId, result: ReportItem): void;
  forgetShares(): void;
}

export interface CommandStore extends CommandQueue, Pick<AdminMessageStore, 'addMessage'> {
  transaction<T>(work: () => T): T;
  markUnenrolling(): void;
}

export interface CommandPorts {
  readonly store: CommandStore;
  readonly workspace: Workspace;
  /** Asks the system helper, which may change software; absent in simulations. */
  readonly software?: SoftwarePorts | undefined;
  /** Updates of the operating system that wait for the user; absent in simulations. */
  readonly updates?: Pick<UpdateOffers, 'isDue' | 'finished'> | undefined;
  /** Restarts and shutdowns of the machine; absent in simulations. */
  readonly power?: PowerPorts | undefined;
  /** Collects and reports the inventory. */
  readonly reportInventory: () => Promise<void>;
  /** Checks the device against its policy at once. */
  readonly checkPolicy: () => Promise<void>;
  /** Sends the agent's log to the server. Returns the sentence for the admin. */
  readonly sendLog: (command: CommandId) => Promise<string>;
  readonly files: FileTransfers;
  readonly scripts: Pick<ScriptRunner, 'run' | 'interrupted' | 'stop'>;
  readonly deviceNow: () => Instant;
  readonly onUnlocked: (shares: readonly string[]) => void;
  readonly onResult: () => void;
  readonly onRestart: () => void;
  /** Ends the enrollment after the server has received the result of the command `unenroll`. */
  readonly onUnenroll: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface Commands {
  store(command: StoredCommand): void;
  /** Cancels a stored command that has not started, and reports this. Does nothing if the command has started or is unknown. */
  cancel(id: CommandId): void;
  /**
   * Starts the unfinished commands, except those that wait for their windows. The commands of one queue (`queueOf`) run one after another,
   * and the queues run at the same time. Resolves when the queue `prompt` is empty. Never rejects.
   */
  work(): Promise<void>;
  /** Ends a running script, and resolves when its result is stored. */
  stop(): Promise<void>;
}

function halfOf([share]: readonly string[]): Buffer {
  if (share !== undefined) return Buffer.from(share, 'base64');
  throw new CordonError(
    'invalid_input',
    'The server sent no key share for the lock of the workspace. Update the server.',
  );
}

async function unlock(
  { workspace, onUnlocked }: Pick<CommandPorts, 'workspace' | 'onUnlocked'>,
  shares: readonly string[],
  resetPasscode: boolean,
): Promise<Outcome> {
  await workspace.unlock(
    shares.map((share) => Buffer.from(share, 'base64')),
    { resetPasscode },
  );
  // The shares of a reset do not belong to a lock, so the offline limit cannot use them.
  if (!resetPasscode) onUnlocked(shares);
  const detail = resetPasscode
    ? 'The workspace is open, and has no passcode.'
    : workspace.passcode.isSet()
      ? 'The lock ended. The workspace opens with the user’s passcode.'
      : 'The workspace is open.';
  return { outcome: 'done', detail };
}

type Outcome = {
  readonly outcome: 'done' | 'failed' | 'expired' | 'canceled';
  readonly detail: string;
  readonly after?: () => void;
};

/** Maximum milliseconds that a timer waits. The agent's maintenance also runs due commands every minute. */
const LONGEST_WAIT = 60_000;

export function createCommands(ports: CommandPorts): Commands {
  const { store, scripts } = ports;
  let stopping = false;
  let runningScript: Promise<void> = Promise.resolve();

  const carryOut = async ({
    id,
    command,
    shares = [],
    signedScript,
    started,
  }: StoredCommand & { readonly started: boolean }): Promise<Outcome> => {
    switch (command.kind) {
      case 'refresh-inventory': {
        await ports.reportInventory();
        await ports.checkPolicy();
        return { outcome: 'done', detail: 'The inventory was collected.' };
      }
      case 'message':
        store.addMessage(id, command.text, ports.deviceNow());
        return { outcome: 'done', detail: 'The message is stored for the user.' };
      case 'lock-workspace':
        await ports.workspace.lock(halfOf(shares));
        return { outcome: 'done', detail: 'The workspace is locked.' };
      case 'unlock-workspace':
        return unlock(ports, shares, command.resetPasscode === true);
      case 'wipe-workspace': {
        const wiped = await ports.workspace.wipe();
        const verified = wiped.verified.join('; ');
        return { outcome: 'done', detail: `${wiped.filesRemoved} files, ${wiped.bytesOverwritten} bytes; ${verified}` };
      }
      case 'collect-logs':
        return { outcome: 'done', detail: await ports.sendLog(id) };
      case 'push-file':
        return { outcome: 'done', detail: await ports.files.push(id, command) };
      case 'fetch-file':
        return { outcome: 'done', detail: await ports.files.fetch(id, command) };
      case 'run-script':
        return {
          outcome: 'done',
          detail: await (started ? scripts.interrupted(id) : scripts.run(id, command, signedScript)),
        };
      case 'change-software':
      case 'roll-back-software':
      case 'install-package':
      case 'update-os':
        return {
          ...(await changeSoftware(ports.software, id, command)),
          after: () => void ports.reportInventory().catch(ports.onFailure),
        };
      case 'restart-device':
      case 'shut-down-device':
        return changePower(ports.power, { id, kind: command.kind, started });
      case 'restart-agent':
        return { outcome: 'done', detail: 'The agent restarts.', after: ports.onRestart };
      case 'unenroll':
        return { outcome: 'done', detail: 'The agent deletes its keys now.', after: ports.onUnenroll };
    }
  };

  const finish = async (stored: StoredCommand & { readonly started: boolean }) => {
    let result: Outcome;
    const counted = ports.power?.notices.isCounted(stored.id, Date.now()) ?? false;
    if (!stored.started && !counted && Date.now() >= stored.expires) {
      result = { outcome: 'expired', detail: 'The command expired before the device could run it.' };
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
      if (stored.command.kind === 'unenroll' && outcome === 'done') store.markUnenrolling();
    });
    store.forgetShares();
    ports.updates?.finished(stored.id);
    ports.power?.notices.finished(stored.id);
    ports.onResult();
    after?.();
  };

  /**
   * True if the command may run now. False, for example, for an update, restart or shutdown that the user has not seen yet or has delayed.
   */
  const isDue = ({ id, command, expires, window }: StoredCommand, isWaiting: (id: CommandId) => boolean): boolean => {
    const now = Date.now();
    if (command.kind === 'restart-device' || command.kind === 'shut-down-device') {
      const open = window === undefined || isOpen(window, now);
      return ports.power?.notices.isDue({ id, ...command, expires, open }, isWaiting, now) ?? true;
    }
    if (command.kind !== 'update-os' || now >= expires) return true;
    return ports.updates?.isDue(id, command, expires, now) ?? true;
  };

  let timer: NodeJS.Timeout | undefined;
  /** Runs the commands again at the end of the countdown. Forgets a countdown whose command no longer waits. */
  const wakeForCountdown = (isWaiting: (id: CommandId) => boolean): void => {
    clearTimeout(timer);
    const notice = ports.power?.notices.current();
    if (!notice) return;
    if (!isWaiting(notice.command)) ports.power?.notices.finished(notice.command);
    const left = notice.startsAt - Date.now();
    if (left > 0) timer = setTimeout(() => loops.prompt.request(), Math.min(left, LONGEST_WAIT)).unref();
  };

  const drain = async (queue: CommandQueueName) => {
    // Delete the secret key shares of finished commands, which a crash may have left in the store. The server sends such shares with a
    // command that locks or unlocks the workspace.
    store.forgetShares();
    while (!stopping) {
      const unfinished = store.unfinishedCommands();
      const isWaiting = (id: CommandId) => unfinished.some((stored) => stored.id === id);
      const waiting = unfinished
        .filter(({ command }) => queueOf(command.kind) === queue)
        .filter((stored) => stored.started || isDue(stored, isWaiting));
      const next = chooseCommand(waiting, Date.now());
      if (!next) {
        if (queue === 'prompt') wakeForCountdown(isWaiting);
        return;
      }
      const finished = finish(next);
      if (next.command.kind === 'run-script') runningScript = finished;
      await finished;
    }
  };

  const loopOf = (queue: CommandQueueName) => new Loop({ run: () => drain(queue), failed: ports.onFailure });
  const loops = { prompt: loopOf('prompt'), report: loopOf('report'), change: loopOf('change') } as const;

  return {
    store(command) {
      store.storeCommand(command);
    },
    cancel(id) {
      const waiting = store.unfinishedCommands().find((stored) => stored.id === id);
      if (!waiting || waiting.started) return;
      const detail = 'The command was canceled before the device started it.';
      store.finishCommand(id, { type: 'result', command: id, outcome: 'canceled', detail, at: Date.now() });
      store.forgetShares();
      ports.updates?.finished(id);
      ports.power?.notices.finished(id);
      ports.onResult();
    },
    work() {
      loops.report.request();
      loops.change.request();
      return loops.prompt.run();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await scripts.stop();
      await runningScript.catch(() => undefined);
    },
  };
}
