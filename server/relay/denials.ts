/** Reasons why the server blocks a service for a device, from the orders that deny the service. */
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import {
  DEFAULT_WAITING,
  type OrderRule,
  type ServiceVerdict,
  type Verdict,
  type WaitingRule,
} from '../../shared/verdict/terms.ts';
import type { DecidingOrder, OrdersPort } from './ports.ts';

const STRICTNESS = { deliver: 0, hold: 1, return: 2 } satisfies Record<WaitingRule, number>;

/**
 * When several orders deny a service, the server names only one of them to people, the deciding order. The deciding order is the one with the strictest
 * rule for waiting messages. If several have the same rule, it is the one that took effect first, then the one with the lowest number. Null
 * if no order denies the service.
 */
export function decidingOrder(
  { allowed, denials }: ServiceVerdict,
  rules: readonly Pick<OrderRule, 'order' | 'waiting' | 'effective'>[],
): DecidingOrder | null {
  if (allowed) return null;
  const candidates = denials.map(({ order }) => {
    const rule = rules.find((one) => one.order === order);
    return { order, rule: rule?.waiting ?? DEFAULT_WAITING, effective: rule?.effective ?? Number.POSITIVE_INFINITY };
  });
  const [first] = candidates.sort(
    (a, b) => STRICTNESS[b.rule] - STRICTNESS[a.rule] || a.effective - b.effective || (a.order < b.order ? -1 : 1),
  );
  return first ? { rule: first.rule, order: first.order } : null;
}

/**
 * Creates the notice that tells the sender's device which orders suspend the delivery of a message. `by`: the one order that the notice
 * names for an appeal (`decidingOrder`). `appealOf`: returns the address for appeals against an order.
 */
export function denialNotice(
  { denials }: ServiceVerdict,
  by: DecidingOrder,
  whose: 'sender' | 'recipient',
  appealOf: (order: string) => string | null,
): DenialNotice {
  return {
    code: 'service_denied',
    detail: `Delivery is suspended by order ${denials.map(({ order }) => order).join(' and order ')} (${whose}).`,
    order: by.order,
    reasons: [...new Set(denials.flatMap(({ reasons }) => reasons))],
    appeal: appealOf(by.order),
    by: 'server',
  };
}

export const plainDenial = (code: Exclude<DenialNotice['code'], 'service_denied'>, detail: string): DenialNotice => ({
  code,
  detail,
  order: null,
  reasons: [],
  appeal: null,
  by: 'server',
});

/** Checks whether a device may use a service. For routes outside the WebSocket connection, such as uploads of attachments. */
export interface ServiceGate {
  verdict(device: DeviceId): Promise<Verdict>;
  rules(): readonly OrderRule[];
  appealOf(order: string): string | null;
  /** True while a policy restricts messaging and mail of the device, because the device does not comply. Independent of orders. */
  restricts(device: DeviceId): boolean;
}

const SERVICE_NAMES = { messaging: 'Messaging', mail: 'Mail', management: 'Management' } as const;

/** Reason for a device that does not comply with a policy. It is independent of the reasons of orders. */
export const RESTRICTED =
  'This device does not meet a policy of your organization, so messages and mail wait. Correct the settings that `cordon-agent policy` lists.';

/**
 * Throws `service_denied` if an order suspends the service for a device. The error contains all such orders, their reasons and one appeal
 * address. Among several orders, the address is that of the order with the strictest rule for waiting messages. Throws it without an order
 * if a policy restricts the device.
 */
export async function requireService(
  { verdict, rules, appealOf, restricts }: ServiceGate,
  service: 'messaging' | 'mail' | 'management',
  device: DeviceId,
): Promise<void> {
  const found = (await verdict(device)).services[service];
  const by = decidingOrder(found, rules());
  if (by === null) {
    if (service !== 'management' && restricts(device))
      throw new CordonError('service_denied', RESTRICTED, { orders: [], reasons: [], appeal: null });
    return;
  }
  const orders = found.denials.map(({ order }) => order);
  throw new CordonError(
    'service_denied',
    `${SERVICE_NAMES[service]} is suspended by order ${orders.join(' and order ')}.`,
    {
      orders,
      reasons: [...found.reasons],
      appeal: appealOf(by.order),
    },
  );
}

export const serviceGateOf = (orders: OrdersPort, restricts: ServiceGate['restricts']): ServiceGate => ({
  restricts,
  verdict: async (device) => orders.effect.cachedVerdict(device) ?? orders.effect.verdict(device),
  rules: () => orders.adoption.rules(),
  appealOf: (order) => orders.adoption.termsOf(order)?.appeal ?? null,
});
