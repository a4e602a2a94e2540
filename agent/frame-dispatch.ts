/** One case a frame: what each frame of the server (`shared/protocol/frames.ts`) sets in motion on the device. It decides nothing. */
import type { ServerFrame } from '../shared/protocol/frames.ts';
import type { Commands } from './commands/commands.ts';
import type { DocumentIntake } from './enforcement/document-intake.ts';
import type { Link } from './link/link.ts';
import type { OutboxSender } from './link/outbox.ts';
import type { MessagingEngine } from './messaging/engine.ts';

export interface FrameDispatchPorts {
  /** Who this device is: a server that takes it for another is left. */
  readonly identity: { readonly device: string; readonly installation: string; readonly generation: number };
  readonly intake: DocumentIntake;
  readonly outbox: OutboxSender;
  readonly commands: Commands;
  readonly messaging: MessagingEngine;
  readonly send: Link['send'];
  readonly versions: () => { readonly list: number; readonly record: number; readonly root: number };
  /** The server's time, authenticated. */
  readonly onTime: (time: number) => void;
  readonly onWelcome: () => void;
  readonly onReportsStored: () => void;
  /** The server was restored from a backup and asks for what this device has stored. */
  readonly onRecall: (documents: boolean) => void;
}

export function createFrameDispatch(ports: FrameDispatchPorts): (frame: ServerFrame) => void {
  const { identity, intake, outbox, commands, messaging, send } = ports;
  const have = () => void send({ kind: 'have', ...ports.versions() });

  return (frame) => {
    switch (frame.kind) {
      case 'welcome': {
        const { device, installation, generation, time, doubtful, reports } = frame;
        const same = device === identity.device && generation === identity.generation;
        if (!same || installation !== identity.installation) {
          throw new Error(`the server takes this device for ${device} of ${installation}`);
        }
        if (doubtful !== true) ports.onTime(time);
        outbox.opened(reports);
        void commands.work();
        messaging.welcomed();
        return ports.onWelcome();
      }
      case 'time':
        return ports.onTime(frame.time);
      case 'address':
        return intake.address(frame, true);
      case 'roots':
        intake.roots(frame.envelopes);
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
        commands.store(frame);
        send({ kind: 'command-stored', id: frame.id });
        return void commands.work();
      case 'recall':
        return ports.onRecall(frame.documents);
      case 'reports-stored':
        outbox.confirmed(frame.through);
        return ports.onReportsStored();
      case 'mail':
      case 'posted':
      case 'mailbox-is':
      case 'key-packages-left':
      case 'members-changed':
        return messaging.take(frame);
    }
  };
}
