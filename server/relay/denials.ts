/** Why the server's gate refuses a device a service, in the words of the order that does. */
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type OrderRule, type ServiceVerdict, UNSAID_WAITING, type Verdict } from '../../shared/verdict/terms.ts';
import type { Shut } from './ports.ts';
import { strictest } from './settling.ts';

/** The strictest of what the orders that deny it do with what waits, and the first that does so; null when the gate is open. */
export function shutBy({ allowed, denials }: ServiceVerdict, rules: readonly OrderRule[]): Shut | null {
  if (allowed) return null;
  let shut: Shut | null = null;
  for (const { order } of denials) {
    const rule = rules.find((one) => one.order === order)?.waiting ?? UNSAID_WAITING;
    if (!shut || strictest(rule, shut.rule) !== shut.rule) shut = { rule, order };
  }
  return shut;
}

/** Null when the gate is open. `appealOf`: whom somebody whom this order denies can turn to. */
export function denialNotice(
  { allowed, denials }: ServiceVerdict,
  whose: 'sender' | 'recipient',
  appealOf: (order: string) => string | null,
): DenialNotice | null {
  const [first] = denials;
  if (allowed || !first) return null;
  return {
    code: 'service_denied',
    detail: `Delivery is suspended by order ${denials.map(({ order }) => order).join(' and order ')} (${whose}).`,
    order: first.order,
    reasons: [...new Set(denials.flatMap(({ reasons }) => reasons))],
    appeal: appealOf(first.order),
    by: 'server',
  };
}

/** A refusal that no order makes. */
export const plainDenial = (code: 'device_unknown' | 'too_many_conversations', detail: string): DenialNotice => ({
  code,
  detail,
  order: null,
  reasons: [],
  appeal: null,
  by: 'server',
});

/** What is asked when a device wants something of the service beside the link. */
export interface MessagingGate {
  /** Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  appealOf(order: string): string | null;
}

/** Throws `service_denied` by the name of the orders, with their reasons and whom to appeal to. */
export async function requireMessaging({ verdict, appealOf }: MessagingGate, device: DeviceId): Promise<void> {
  const { messaging } = (await verdict(device)).services;
  if (messaging.allowed) return;
  const orders = messaging.denials.map(({ order }) => order);
  throw new CordonError('service_denied', `Messaging is suspended by order ${orders.join(' and order ')}.`, {
    orders,
    reasons: [...messaging.reasons],
    appeal: orders.map(appealOf).find((appeal) => appeal !== null) ?? null,
  });
}
