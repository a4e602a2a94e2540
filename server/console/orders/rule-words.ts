/** Texts for the rules of an order. The functions are pure. */

import { areaName, sentence } from '../../../shared/areas/area-words.ts';
import { dateTime, duration, zoneOffset } from '../../../shared/look/time-words.ts';
import { exemptionEnds } from '../../../shared/order/describe-revision.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { DEFAULT_WAITING, hasWaitingRule, type Nexus, type Service } from '../../../shared/verdict/terms.ts';
import { NEXUS_NAMES } from '../words/orders.ts';
import { disputedName } from '../words/territories.ts';

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Milliseconds of an ISO 8601 duration, such as `P7D`. Zero if the duration is invalid; the server's response then contains an error. */
export function durationOf(iso: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = DURATION.exec(iso) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
}

export const graceWords = (iso: string): string => {
  const grace = durationOf(iso);
  return grace === 0
    ? 'None. The order affects visitors from their arrival.'
    : `${sentence(duration(grace))} from arrival.`;
};

export function nexusWords(nexus: readonly Nexus[]): string {
  if (nexus.length === 0) return 'No devices.';
  const connections = nexus.map((each) => NEXUS_NAMES[each]);
  return `Any device that ${new Intl.ListFormat('en', { type: 'disjunction' }).format(connections)}.`;
}

export const SUSPENSION_WORDS: Readonly<Record<Service, string>> = {
  enrollment: 'Devices cannot enroll or re-enroll.',
  management: 'Admins cannot lock, wipe or message the device or see its state.',
  messaging: 'Users cannot send each other messages.',
  mail: 'Users cannot send or receive e-mail through the company’s mail server.',
};

export const UNKNOWN_WORDS = {
  allow: 'The order does not affect these devices.',
  deny: 'The order affects these devices as if they were in its areas.',
} as const;
export const CONTESTED_WORDS = {
  allow: 'The order does not affect these devices while it is uncertain whether they are in its areas.',
  deny: 'The order affects these devices as if they were in its areas.',
} as const;
export const TRAVELERS_WORDS = {
  allow: 'The order does not affect these devices while they are outside its areas.',
  deny: 'The order affects these devices everywhere.',
} as const;
export const WAITING_WORDS = {
  hold: 'The server holds these messages and delivers them when the order ends.',
  deliver:
    'The server delivers messages that it accepted before the effective time. It holds later messages until the order ends.',
  return:
    'The server returns these messages to their senders. It also returns messages that are sent during the order.',
} as const;
export const STALE_WORDS = {
  keep: 'The device continues to apply its latest order list.',
  allow: 'The device restores the services that the order suspends.',
  deny: 'The device suspends the services of the order, even if the location of the device is in doubt.',
} as const;
export const MODE_WORDS = {
  suspend: 'The order suspends services until it ends. Devices keep their data.',
  exit: 'The order ends service for good. Users can export their data before the exit wipes the workspaces.',
} as const;

export function zonedTime(instant: number, zone: string): string {
  try {
    const offset = zone === 'UTC' ? 'UTC' : `${zone}, ${zoneOffset(instant, zone)}`;
    return `${dateTime(instant, zone)} (${offset})`;
  } catch (error) {
    // This browser does not know the time zone, so show the time in UTC.
    if (error instanceof RangeError) return `${dateTime(instant, 'UTC')} (UTC)`;
    throw error;
  }
}

export function exemptWords(exempt: Revision['exempt'], zone: string): string {
  if (exempt.length === 0) return 'No devices';
  return exemptionEnds(exempt)
    .map(({ until, devices }) => {
      const end = until === null ? 'until the order ends' : `until ${zonedTime(Date.parse(until), zone)}`;
      return `${devices} ${devices === 1 ? 'device' : 'devices'} ${end}`;
    })
    .join('; ');
}

export function rulesOf(terms: OrderTerms): { readonly label: string; readonly text: string }[] {
  const { nexus, disputed } = terms;
  const requiresLocation = nexus.includes('present') || nexus.includes('network');
  const territories = Object.entries(disputed).map(
    ([feature, area]) => `${disputedName(feature)} as ${areaName(area)}`,
  );
  return [
    { label: 'Mode', text: MODE_WORDS[terms.mode] },
    ...(requiresLocation
      ? [
          { label: 'Devices with unknown location', text: UNKNOWN_WORDS[terms.unknown] },
          { label: 'Devices with contested location', text: CONTESTED_WORDS[terms.contested] },
        ]
      : []),
    ...(requiresLocation ? [{ label: 'Grace period for visitors', text: graceWords(terms.visitors) }] : []),
    ...(nexus.includes('home')
      ? [{ label: 'Travelers from the order’s areas', text: TRAVELERS_WORDS[terms.travelers] }]
      : []),
    ...(hasWaitingRule(terms.services)
      ? [{ label: 'Undelivered messages and mail', text: WAITING_WORDS[terms.waiting ?? DEFAULT_WAITING] }]
      : []),
    { label: 'Devices with expired order list', text: STALE_WORDS[terms.stale] },
    ...(requiresLocation
      ? [
          {
            label: 'Disputed territories',
            text:
              territories.length > 0
                ? `${territories.join('; ')}.`
                : 'Each disputed territory counts as part of every country that claims it.',
          },
        ]
      : []),
  ];
}
