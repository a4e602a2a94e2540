/**
 * The plain test datagram between two devices: the gate on the verdicts of both, then the recipient's own gate. It stands where sealed
 * messages will: nothing is stored, and whoever is refused hears by which order.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Verdict } from '../../shared/verdict/terms.ts';
import { denialNotice, plainDenial } from './denials.ts';

export type Datagram = Extract<DeviceFrame, { kind: 'datagram' }>;
type Result = Extract<ServerFrame, { kind: 'datagram-result' }>;

export interface DatagramPorts {
  /** Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  /** Whom somebody whom this order denies can turn to. */
  appealOf(order: string): string | null;
  /** False when the device has no live session. */
  deliver(device: DeviceId, frame: Extract<ServerFrame, { kind: 'datagram' }>): boolean;
}

export interface Datagrams {
  /** Resolves with the answer for the sender, within `ANSWER_WITHIN`. Rejects with `rate_limited` when too much waits already. */
  send(from: DeviceId, datagram: Datagram): Promise<Result>;
  /** The recipient's own answer. One that nobody waits for, or another device's, is passed over. */
  answered(by: DeviceId, id: string, denial: DenialNotice | null): void;
}

/** Real time. */
const ANSWER_WITHIN = 20_000;
const MOST_WAITING = 10_000;
const MOST_WAITING_PER_SENDER = 64;

export function createDatagrams({ verdict, appealOf, deliver }: DatagramPorts): Datagrams {
  const waiting = new Map<string, (denial: DenialNotice | null) => void>();
  const bySender = new Map<DeviceId, number>();

  /** Why the server's gate refuses this device the service; null when it is open. */
  async function denialFor(
    device: DeviceId,
    service: Datagram['service'],
    whose: 'sender' | 'recipient',
  ): Promise<DenialNotice | null> {
    return denialNotice((await verdict(device)).services[service], whose, appealOf);
  }

  async function gate(from: DeviceId, { to, service }: Datagram): Promise<DenialNotice | null> {
    try {
      return (await denialFor(from, service, 'sender')) ?? (await denialFor(to, service, 'recipient'));
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return plainDenial('device_unknown', 'There is no such device.');
      throw error;
    }
  }

  function ask(from: DeviceId, { id, to, service, body }: Datagram): Promise<DenialNotice | null> {
    const key = `${to} ${id}`;
    const sent = bySender.get(from) ?? 0;
    if (waiting.has(key) || waiting.size >= MOST_WAITING || sent >= MOST_WAITING_PER_SENDER) {
      throw new CordonError('rate_limited', 'Too many datagrams wait for an answer; wait for some first.');
    }
    return new Promise((resolve) => {
      const settle = (denial: DenialNotice | null) => {
        clearTimeout(deadline);
        waiting.delete(key);
        const left = (bySender.get(from) ?? 1) - 1;
        if (left > 0) bySender.set(from, left);
        else bySender.delete(from);
        resolve(denial);
      };
      const deadline = setTimeout(
        () => settle(plainDenial('device_offline', 'The recipient did not answer; try again later.')),
        ANSWER_WITHIN,
      );
      deadline.unref();
      waiting.set(key, settle);
      bySender.set(from, sent + 1);
      if (!deliver(to, { kind: 'datagram', id, from, service, body })) {
        settle(plainDenial('device_offline', 'The recipient is not connected; try again later.'));
      }
    });
  }

  return {
    async send(from, datagram) {
      const { id } = datagram;
      const refusal = (await gate(from, datagram)) ?? (await ask(from, datagram));
      return { kind: 'datagram-result', id, outcome: refusal ? 'refused' : 'delivered', denial: refusal };
    },
    answered(by, id, denial) {
      // Whatever the recipient says of who refuses, it can speak for its own gate only.
      waiting.get(`${by} ${id}`)?.(denial && { ...denial, by: 'recipient' });
    },
  };
}
