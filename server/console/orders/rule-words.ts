/** What an order's rules mean, in words. Pure. */

import { areaName, sentence } from '../../../shared/areas/area-words.ts';
import { dateTime, duration, zoneOffset } from '../../../shared/look/time-words.ts';
import { exemptionEnds } from '../../../shared/order/describe-revision.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { type Nexus, type Service, UNSAID_WAITING } from '../../../shared/verdict/terms.ts';
import { disputedName } from '../words/ground.ts';
import { NEXUS_NAMES } from '../words/orders.ts';

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** `P7D` → milliseconds. Zero for what is no duration: the server says what is wrong with it. */
export function durationOf(iso: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = DURATION.exec(iso) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
}

export const graceWords = (iso: string): string => {
  const grace = durationOf(iso);
  return grace === 0 ? 'None: a visitor is affected from arrival.' : `${sentence(duration(grace))} from arrival.`;
};

export function tiesWords(nexus: readonly Nexus[]): string {
  if (nexus.length === 0) return 'No device.';
  const ties = nexus.map((tie) => NEXUS_NAMES[tie]);
  return `A device that ${new Intl.ListFormat('en', { type: 'disjunction' }).format(ties)}.`;
}

/** What shutting a service means for people. */
export const SHUT_WORDS: Readonly<Record<Service, string>> = {
  enrolment: 'No device can be added, nor a known one set up again.',
  management: 'The server cannot lock, wipe or message the device, nor see how it is.',
  messaging: 'People cannot send each other messages.',
  mail: 'No company mail reaches the device.',
};

export const UNKNOWN_WORDS = {
  allow: 'Not affected: what is not known is not held against it.',
  deny: 'Affected as if it were there.',
} as const;
export const CONTESTED_WORDS = {
  allow: 'Not affected as long as its evidence disagrees.',
  deny: 'Affected as if it were there.',
} as const;
export const TRAVELLERS_WORDS = {
  allow: 'Not affected while it is elsewhere.',
  deny: 'Affected wherever it is.',
} as const;
export const WAITING_WORDS = {
  hold: 'They are held, and come when the order ends.',
  deliver: 'What was accepted before its hour still comes. What is sent later is held, and comes when the order ends.',
  return: 'They go back to whoever sent them, and so does what is sent while it lasts.',
} as const;
export const STALE_WORDS = {
  keep: 'Goes on as its last list says.',
  allow: 'Opens what the order shuts.',
  deny: 'Shuts what the order names, also where there is doubt.',
} as const;
export const MODE_WORDS = {
  suspend: 'Service stops, and comes back when the order ends. What is on the device stays.',
  exit: 'The company leaves for good: data can be exported, and the workspace may be wiped afterwards.',
} as const;

/** A zone's time as one reads it aloud: `1 Dec 2015, 00:00 (Asia/Karachi, GMT+5)`. */
export function zonedTime(instant: number, zone: string): string {
  try {
    const offset = zone === 'UTC' ? 'UTC' : `${zone}, ${zoneOffset(instant, zone)}`;
    return `${dateTime(instant, zone)} (${offset})`;
  } catch (error) {
    // A zone that this browser does not know yet: UTC is right everywhere.
    if (error instanceof RangeError) return `${dateTime(instant, 'UTC')} (UTC)`;
    throw error;
  }
}

/** `2 devices until 1 Dec 2015, 00:00 (UTC); 1 device as long as the order lasts`. */
export function exemptWords(exempt: Revision['exempt'], zone: string): string {
  if (exempt.length === 0) return 'No device';
  return exemptionEnds(exempt)
    .map(({ until, devices }) => {
      const end = until === null ? 'as long as the order lasts' : `until ${zonedTime(Date.parse(until), zone)}`;
      return `${devices} ${devices === 1 ? 'device' : 'devices'} ${end}`;
    })
    .join('; ');
}

/** Every rule of an order with what it says; rules that cannot matter to it are left out. */
export function rulesOf(terms: OrderTerms): { readonly label: string; readonly words: string }[] {
  const { nexus, disputed } = terms;
  const byPlace = nexus.includes('present') || nexus.includes('network');
  const ground = Object.entries(disputed).map(([feature, area]) => `${disputedName(feature)} as ${areaName(area)}`);
  return [
    { label: 'Kind', words: MODE_WORDS[terms.mode] },
    ...(byPlace
      ? [
          { label: 'A device whose place is not known', words: UNKNOWN_WORDS[terms.unknown] },
          { label: 'A device that may be there or elsewhere', words: CONTESTED_WORDS[terms.contested] },
        ]
      : []),
    ...(byPlace ? [{ label: 'Grace for visitors', words: graceWords(terms.visitors) }] : []),
    ...(nexus.includes('home')
      ? [{ label: 'A device at home there that travels', words: TRAVELLERS_WORDS[terms.travellers] }]
      : []),
    ...(terms.services.includes('messaging')
      ? [{ label: 'Messages that wait for a device', words: WAITING_WORDS[terms.waiting ?? UNSAID_WAITING] }]
      : []),
    { label: 'A device whose order list has expired', words: STALE_WORDS[terms.stale] },
    ...(byPlace
      ? [
          {
            label: 'Disputed ground',
            words: ground.length > 0 ? `${ground.join('; ')}.` : 'Counts as the ground of everyone who claims it.',
          },
        ]
      : []),
  ];
}
