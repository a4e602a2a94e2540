/**
 * Rollout of an order. Each affected device is in exactly one state, so the states add up to the number of affected devices. Server,
 * console, command line and evidence packs all use these states, with the names and explanations in this file.
 */

import type { RolloutCounts, RolloutPhase, RolloutState } from './rollout-states.ts';

export const AFFECTED_MEANING =
  'A device is affected if the order blocks one of its services now, at the effective time, or did so when it took effect. A device that signed that it enforced the order is also affected. An offline device whose location has expired counts at its last known location.';

export const ROLLOUT_NAMES: Readonly<Record<RolloutState, string>> = {
  undelivered: 'Not yet delivered',
  delivered: 'Delivered, not displayed',
  displayed: 'Displayed, not enforced',
  enforced: 'Enforced',
  restored: 'Restored',
  offline_undelivered: 'Offline, not delivered',
  offline_delivered: 'Offline, delivered',
  invalid_receipt: 'Invalid receipt',
  unaffected: 'No longer affected',
  unenrolled: 'Enrollment ended',
};

export const ROLLOUT_MEANING: Readonly<Record<RolloutState, string>> = {
  undelivered: 'The device is connected. It has sent no receipt that it stored this revision.',
  delivered:
    'The device is connected and signed that it stored this revision. It has not displayed the order or blocked a service.',
  displayed: 'The device is connected and signed that it displayed this revision to a user. It has blocked no service.',
  enforced: 'The newest signed receipt says that the device blocks a service by this order. The device may be offline.',
  restored: 'The device signed that every service that this order had blocked is available again.',
  offline_undelivered:
    'The device is offline and has sent no receipt that it stored this revision. It receives the revision when it connects.',
  offline_delivered:
    'The device is offline and signed that it stored this revision. It applies the order without a connection, and sends its receipts later.',
  invalid_receipt:
    'No valid receipt says that the device stored this revision, and a receipt of the device about the order failed verification. See the alerts of the device.',
  unaffected:
    'The device was affected. Now the order blocks none of its services, and no receipt says that the device blocked one.',
  unenrolled: 'The device was affected. Its enrollment has ended since.',
};

/** Content of a device's verified receipts, without receipts from before its newest enrollment. */
export interface DeviceReports {
  readonly delivered: boolean;
  readonly displayed: boolean;
  /** Whether an order still blocks at least one service, according to the device's newest receipts about each service. */
  readonly closed: boolean;
  /** Whether a receipt says that the device has restored a service that an order blocked. */
  readonly opened: boolean;
  /** Whether a receipt of the device about an order failed verification. */
  readonly refused: boolean;
}

export const NO_REPORTS: DeviceReports = {
  delivered: false,
  displayed: false,
  closed: false,
  opened: false,
  refused: false,
};

export interface RolloutFacts extends DeviceReports {
  readonly phase: RolloutPhase;
  readonly enrolled: boolean;
  readonly connected: boolean;
  /** Whether an order blocks a service of the device now or from the order's effective time. False after the order's end. */
  readonly denied: boolean;
}

export function rolloutState(facts: RolloutFacts): RolloutState {
  const { phase, enrolled, connected, denied, delivered, displayed, closed, opened, refused } = facts;
  const over = phase === 'over';
  if (!enrolled) return 'unenrolled';
  if (closed) return 'enforced';
  if (opened && (over || !denied)) return 'restored';
  if (!over && !denied) return 'unaffected';
  if (!delivered && refused) return 'invalid_receipt';
  if (!connected) return delivered ? 'offline_delivered' : 'offline_undelivered';
  if (!delivered) return 'undelivered';
  if (over) return 'unaffected';
  return displayed ? 'displayed' : 'delivered';
}

export const NO_DEVICES: RolloutCounts = {
  undelivered: 0,
  delivered: 0,
  displayed: 0,
  enforced: 0,
  restored: 0,
  offline_undelivered: 0,
  offline_delivered: 0,
  invalid_receipt: 0,
  unaffected: 0,
  unenrolled: 0,
};

export interface Rollout {
  readonly revision: number | null;
  readonly phase: RolloutPhase | null;
  readonly total: number;
  readonly states: RolloutCounts;
}

const devices = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;

export function rolloutSentence({ revision, phase, total, states }: Rollout): string {
  if (revision === null) return 'No revision is adopted. Devices receive the order after its adoption.';
  if (total === 0) return phase === 'over' ? 'The order affected no device.' : 'The order affects no device now.';
  const offline = offlineWords(states);
  return `${phase === 'over' ? overWords(states) : aheadWords(phase, states)}${offline && ` ${offline}`}`;
}

function aheadWords(phase: RolloutPhase | null, states: RolloutCounts): string {
  const { undelivered, delivered, displayed, enforced, invalid_receipt: invalid } = states;
  const offline = states.offline_delivered + states.offline_undelivered;
  const waiting = undelivered + delivered + displayed + invalid;
  if (waiting + offline + enforced === 0) return 'The order affects no device now.';
  if (phase === 'active' || enforced > 0) {
    if (waiting + offline === 0) return `Every affected device enforces the order: ${devices(enforced)}.`;
    const left = `${waiting.toLocaleString('en')} connected ${waiting === 1 ? 'device has' : 'devices have'} not confirmed`;
    return `${devices(enforced)} ${enforced === 1 ? 'enforces' : 'enforce'} the order${waiting > 0 ? `, and ${left}` : ''}.`;
  }
  if (waiting === 0) return 'No affected device is connected.';
  if (undelivered + invalid === 0) return `Every connected device has stored the order: ${devices(waiting)}.`;
  const holding = (delivered + displayed).toLocaleString('en');
  return `${holding} of ${waiting.toLocaleString('en')} connected ${waiting === 1 ? 'device has' : 'devices have'} stored the order.`;
}

function overWords(states: RolloutCounts): string {
  const { enforced, restored, undelivered, invalid_receipt: invalid } = states;
  const waiting = enforced + undelivered + invalid;
  if (waiting > 0) return `${devices(waiting)} ${waiting === 1 ? 'has' : 'have'} not confirmed the end of the order.`;
  return restored > 0
    ? `Service is restored on every device that reported a block: ${devices(restored)}.`
    : 'No device reports a blocked service.';
}

function offlineWords({ offline_delivered: holding, offline_undelivered: without }: RolloutCounts): string {
  const all = holding + without;
  if (all === 0) return '';
  const are = `${devices(all)} ${all === 1 ? 'is' : 'are'} offline`;
  if (without === 0) return `${are} and ${all === 1 ? 'has' : 'have'} stored the newest revision.`;
  if (holding === 0) return `${are} and ${all === 1 ? 'has' : 'have'} not received the newest revision.`;
  return `${are}: ${holding.toLocaleString('en')} with the newest revision, ${without.toLocaleString('en')} without it.`;
}
