/**
 * Plain test datagrams between two devices, through this device's gate: refused here by name of the order before anything is
 * sent, and refused to a sender when it is the recipient that may not be reached.
 */
import { randomUUID } from 'node:crypto';
import type { DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface DatagramOutcome {
  readonly id: string;
  readonly outcome: 'delivered' | 'refused';
  /** By whom and by which order; null when delivered. */
  readonly denial: DenialNotice | null;
}

export interface ReceivedDatagram {
  readonly id: string;
  readonly from: DeviceId;
  readonly service: 'messaging' | 'mail';
  readonly body: string;
}

export interface DatagramPorts {
  readonly send: (frame: DeviceFrame) => boolean;
  /** Why this device's own gate refuses the service now, in the words of the order; null when it is open. */
  readonly denialOf: (service: 'messaging' | 'mail', by: 'sender' | 'recipient') => DenialNotice | null;
  readonly onReceived: (datagram: ReceivedDatagram) => void;
}

export interface Datagrams {
  send(datagram: { to: DeviceId; service: 'messaging' | 'mail'; body: string }): Promise<DatagramOutcome>;
  received(frame: Extract<ServerFrame, { kind: 'datagram' }>): void;
  result(frame: Extract<ServerFrame, { kind: 'datagram-result' }>): void;
  /** The connection is over: what has no answer yet gets none. */
  down(): void;
}

const ANSWER_WITHIN = 30_000;

export function createDatagrams(ports: DatagramPorts): Datagrams {
  const waiting = new Map<string, (outcome: DatagramOutcome) => void>();

  const unanswered = (id: string): DatagramOutcome => ({
    id,
    outcome: 'refused',
    denial: {
      code: 'device_offline',
      detail: 'There is no connection to the server, or it did not answer; try again when `status` says connected.',
      order: null,
      reasons: [],
      appeal: null,
      by: 'sender',
    },
  });

  return {
    send({ to, service, body }) {
      const id = randomUUID();
      const denial = ports.denialOf(service, 'sender');
      if (denial) return Promise.resolve({ id, outcome: 'refused', denial });
      if (!ports.send({ kind: 'datagram', id, to, service, body })) return Promise.resolve(unanswered(id));
      return new Promise((resolve) => {
        const deadline = setTimeout(() => settle(unanswered(id)), ANSWER_WITHIN);
        deadline.unref();
        const settle = (outcome: DatagramOutcome) => {
          clearTimeout(deadline);
          waiting.delete(id);
          resolve(outcome);
        };
        waiting.set(id, settle);
      });
    },
    received({ id, from, service, body }) {
      const denial = ports.denialOf(service, 'recipient');
      if (!denial) ports.onReceived({ id, from, service, body });
      ports.send({ kind: 'datagram-answer', id, denial });
    },
    result({ id, outcome, denial }) {
      waiting.get(id)?.({ id, outcome, denial });
    },
    down() {
      for (const [id, settle] of waiting) settle(unanswered(id));
    },
  };
}
