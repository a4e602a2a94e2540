/** Texts about the confirmation by a second person: who can confirm an action, and which effect of orders it changes. */
import type { Confirmers, OrderEffect } from './actions.ts';

/** Sentence that names the admins who can confirm an action, or says that nobody can and what to do. */
export function confirmersText({ names, more, remedy }: Confirmers): string {
  if (remedy !== null) return `Nobody can confirm this action. ${remedy}`;
  const all = more ? [...names, 'another admin'] : names;
  const last = all.at(-1) ?? 'Another admin';
  return `${all.length > 1 ? `${all.slice(0, -1).join(', ')} or ${last}` : last} can confirm this action.`;
}

const devicesText = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;

/** Verdict of one order before and after a change, such as "Order 2026-001 on 1 device: messaging from allowed to suspended". */
export const effectText = ({ order, devices, released, denied }: OrderEffect): string =>
  `Order ${order} on ${devicesText(devices)}: ${[
    ...denied.map((service) => `${service} from allowed to suspended`),
    ...released.map((service) => `${service} from suspended to allowed`),
  ].join(', ')}`;
