import { OPTIONAL_SECTIONS } from '../shared/inventory/sections.ts';
import type { ServerFrame } from '../shared/protocol/frames.ts';
import type { Communication } from './communication.ts';
import type { DocumentIntake } from './enforcement/document-intake.ts';
import type { Link } from './link/link.ts';
import type { OutboxSender } from './link/outbox.ts';
import type { ManagementWork } from './management-work.ts';
import { isOutOfSpace } from './store/disk-space.ts';

export interface FrameDispatchPorts {
  /** The agent sends no frames to a server whose `welcome` frame names another device. */
  readonly identity: { readonly device: string; readonly installation: string; readonly generation: number };
  readonly intake: DocumentIntake;
  readonly outbox: OutboxSender;
  readonly work: Pick<ManagementWork, 'commands' | 'policy' | 'inventory' | 'query' | 'lostMode' | 'rename'>;
  readonly communication: Pick<Communication, 'messaging' | 'newMail' | 'welcomed'>;
  readonly send: Link['send'];
  readonly versions: () => { readonly list: number; readonly record: number; readonly approverSet: number };
  readonly onTime: (time: number) => void;
  readonly onReportsStored: () => void;
  /** Called when a server that was restored from a backup requests this device's documents. */
  readonly onRecall: (documents: boolean) => void;
  readonly onDiskFull: (error: unknown) => void;
}

export interface FrameDispatch {
  /** Processes one frame. An exception closes the connection. */
  receive(frame: ServerFrame): void;
  /** True if a full disk prevented the storage of a command or message. The server sends it again on the next connection. */
  missed(): boolean;
}

export function createFrameDispatch(ports: FrameDispatchPorts): FrameDispatch {
  const { identity, intake, outbox, communication, send } = ports;
  const { commands, policy, inventory, query, lostMode } = ports.work;
  const { messaging } = communication;
  const have = () => void send({ kind: 'have', ...ports.versions() });

  let missed = false;
  /**
   * Stores a command or message. A full disk must not close the connection to the server, because orders arrive over the same connection.
   * After one failure, the agent skips all later commands and messages: acknowledging a later one would also acknowledge the lost one.
   */
  const unlessDiskFull = (store: () => void) => {
    if (missed) return;
    try {
      store();
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      missed = true;
      ports.onDiskFull(error);
    }
  };

  const receive: FrameDispatch['receive'] = (frame) => {
    switch (frame.kind) {
      case 'welcome': {
        const { device, installation, generation, time, doubtful, reports } = frame;
        const same = device === identity.device && generation === identity.generation;
        if (!same || installation !== identity.installation) {
          throw new Error(`the server names this device ${device} of ${installation}`);
        }
        missed = false;
        if (doubtful !== true) ports.onTime(time);
        outbox.opened(reports);
        void commands.work();
        lostMode.welcomed();
        return communication.welcomed();
      }
      case 'time':
        return ports.onTime(frame.time);
      case 'address':
        return intake.address(frame, true);
      case 'approver-sets':
        intake.approverSets(frame.envelopes);
        return have();
      case 'list':
        intake.list(frame.envelope, frame.withheld);
        return have();
      case 'record':
        intake.record(frame.envelope);
        return have();
      case 'time-correction':
        return intake.timeCorrection(frame.envelope);
      case 'command':
        return unlessDiskFull(() => {
          commands.store(frame);
          send({ kind: 'command-stored', id: frame.id });
          void commands.work();
        });
      case 'cancel-command':
        return commands.cancel(frame.id);
      case 'recall':
        return ports.onRecall(frame.documents);
      case 'reports-stored':
        outbox.confirmed(frame.through);
        return ports.onReportsStored();
      case 'mailbox-entry':
        return unlessDiskFull(() => messaging.take(frame));
      case 'posted':
      case 'mailbox-is':
      case 'key-packages-remaining':
      case 'members-changed':
        return messaging.take(frame);
      case 'policy':
      case 'compliance':
        return policy.receive(frame);
      case 'query':
        return query.receive(frame);
      case 'lost-mode':
        return lostMode.receive(frame);
      case 'device-name':
        return ports.work.rename(frame.name);
      case 'new-mail':
        return communication.newMail();
      case 'inventory-sections':
        return inventory.sectionsReceived(OPTIONAL_SECTIONS.filter((section) => frame.off.includes(section)));
      case 'inventory-wanted':
        return inventory.completeWanted();
    }
  };
  return { receive, missed: () => missed };
}
