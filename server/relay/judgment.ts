/** Judges senders and recipients: whether an order suspends a service for a device, and which rule it has for waiting messages. */
import { isCordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import { decidingOrder, denialNotice, plainDenial, RESTRICTED, type ServiceGate } from './denials.ts';
import type { JudgedRecipient, OrdersPort } from './ports.ts';

export interface Judgment {
  /** Judges recipients. For an unknown device, the result has `known: false` instead of an error. */
  recipients(devices: readonly DeviceId[]): Promise<readonly JudgedRecipient[]>;
  /** Notice for a sender for whom an order suspends the service, or whom a policy restricts; null if none does. */
  refusal(sender: DeviceId): Promise<DenialNotice | null>;
}

export function createJudgment(
  orders: OrdersPort,
  service: 'messaging' | 'mail',
  restricts: ServiceGate['restricts'],
): Judgment {
  const appealOf = (order: string) => orders.adoption.termsOf(order)?.appeal ?? null;

  async function verdictOf(device: DeviceId): Promise<ServiceVerdict | undefined> {
    try {
      return (await orders.effect.verdict(device)).services[service];
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return undefined;
      throw error;
    }
  }

  return {
    async recipients(devices) {
      const found = devices.map((device) => orders.effect.cachedVerdict(device)?.services[service]);
      if (found.includes(undefined)) {
        await Promise.all(
          devices.map(async (device, index) => {
            found[index] ??= await verdictOf(device);
          }),
        );
      }
      return devices.map((device, index) => {
        const verdict = found[index];
        const by = verdict ? decidingOrder(verdict, orders.adoption.rules()) : null;
        const denial = verdict && by ? denialNotice(verdict, by, 'recipient', appealOf) : null;
        return { device, known: verdict !== undefined, denial, waiting: by?.rule ?? null };
      });
    },
    async refusal(sender) {
      const verdict = orders.effect.cachedVerdict(sender)?.services[service] ?? (await verdictOf(sender)) ?? null;
      const by = verdict && decidingOrder(verdict, orders.adoption.rules());
      if (verdict && by) return denialNotice(verdict, by, 'sender', appealOf);
      return restricts(sender) ? plainDenial('not_compliant', RESTRICTED) : null;
    },
  };
}
