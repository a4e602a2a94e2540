/** Classes of devices that an order touches, warnings, and how far an order has come: as people read them. */
import type { ImpactChange, ImpactClass, ImpactView, OrderPreview, OrderProgress } from '../../../shared/api/orders.ts';

export const CLASS_NAMES: Readonly<Record<ImpactClass, string>> = {
  denied: 'Loses service',
  borderline: 'May be there or elsewhere',
  unknown: 'Place not known',
  visiting: 'Visiting',
  travelling: 'Travelling',
  exempt: 'Exempt',
  offline_current: 'Offline, knows the order',
  offline_behind: 'Offline, does not know it yet',
  uninformed: 'Never told of it',
};

export const CLASS_MEANING: Readonly<Record<ImpactClass, string>> = {
  denied: 'The order takes a service from it.',
  borderline: 'What is known of its place fits the order and another place: the order’s own rule decides.',
  unknown: 'Nobody knows where it is: the order’s own rule decides.',
  visiting: 'It is there and at home elsewhere. It keeps its service as long as there is grace.',
  travelling: 'It is at home there and elsewhere now. It may come back.',
  exempt: 'The order spares it.',
  offline_current: 'It loses service and is not connected. It holds the order and obeys by itself.',
  offline_behind: 'It loses service and is not connected. It learns of the order when it comes back.',
  uninformed: 'It loses service and has never said that it holds the order: its user would be cut off without notice.',
};

export const CHANGE_NAMES: Readonly<Record<ImpactChange, string>> = {
  in: 'Comes in',
  out: 'Goes out',
  changed: 'Other reasons',
};

export const CHANGE_MEANING: Readonly<Record<ImpactChange, string>> = {
  in: 'This revision takes a service from it, the other did not.',
  out: 'The other revision takes a service from it, this one does not.',
  changed: 'Both say the same of its service in the main, by other reasons or for other services.',
};

/** Nothing when nothing waits. */
export function waitsWords({ messages, bytes, commands }: ImpactView['waiting'] | Waits): string {
  const parts = [
    ...(messages > 0 ? [`${counted(messages, 'message')} (${sizeWords(bytes)})`] : []),
    ...(commands > 0 ? [counted(commands, 'command')] : []),
  ];
  return parts.length === 0 ? '' : `Waiting: ${parts.join(' and ')}.`;
}

type Waits = ImpactView['devices'][number]['waits'];

const counted = (count: number, what: string) => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`;
  return `${(bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

export type Warning = OrderPreview['warnings'][number];

export const WARNING_TITLES: Readonly<Record<Warning['code'], string>> = {
  names_management: 'It shuts management',
  destroys: 'It wipes, for good',
  hold_lasts: 'The hold does not lapse any more',
  names_enrolment: 'It shuts enrolment',
  reaches_approver: 'It reaches an approver',
  large_share: 'It reaches a large part of the fleet',
  denies_unknown: 'It reaches devices whose place nobody knows',
};

/** How far the word has gone, for a screen reader too: it changes seldom. */
export function progressSentence(
  { revision, reached, connected, informed, enforced, restored }: OrderProgress,
  over: boolean,
): string {
  const devices = (count: number) => `${count} ${count === 1 ? 'device' : 'devices'}`;
  if (revision === null) return 'Nothing is sent to devices before the order is approved.';
  if (reached === 0) return over ? 'No device had shut anything.' : 'The order reaches no device now.';
  const done = over ? restored : enforced;
  if (done >= reached) {
    return over
      ? `Service is back on all ${devices(reached)}.`
      : `The order is carried out on all ${devices(reached)}.`;
  }
  if (done > 0) {
    return over
      ? `Service is coming back: ${devices(reached - done)} to go.`
      : `Being carried out: ${devices(reached - done)} to go.`;
  }
  if (informed >= connected && connected > 0) return 'Every connected device knows of it.';
  return informed > 0 ? 'Devices are learning of it.' : 'No device has answered yet.';
}
