/** Why the server's gate refuses a device a service, in the words of the order that does. */
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';

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
export const plainDenial = (code: 'device_offline' | 'device_unknown', detail: string): DenialNotice => ({
  code,
  detail,
  order: null,
  reasons: [],
  appeal: null,
  by: 'server',
});
