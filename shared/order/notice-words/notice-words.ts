/**
 * What a device says around an order's own words: which, why, until when, whom to appeal to, in the reader's language. The order's statement is its
 * approvers'; these words are ours, and stand in one file for each language. Pure.
 */
import { areaNameIn, listedIn } from '../../areas/area-words.ts';
import type { Reason, Service, WaitingRule } from '../../verdict/terms.ts';
import type { NoticeMoment } from '../documents.ts';
import { ARABIC } from './arabic.ts';
import { CHINESE } from './chinese.ts';
import { ENGLISH } from './english.ts';
import { FRENCH } from './french.ts';
import { GERMAN } from './german.ts';
import { HINDI } from './hindi.ts';
import { RUSSIAN } from './russian.ts';
import { SPANISH } from './spanish.ts';
import { URDU } from './urdu.ts';

/** Sentences end with their full stop, labels with nothing. */
export interface NoticeWords {
  /** BCP 47. */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  /** While an order closes messages on this device. */
  readonly suspended: string;
  readonly order: (number: string) => string;
  readonly lasts: (date: string) => string;
  readonly lastsOpen: string;
  readonly statement: string;
  readonly language: string;

  readonly services: string;
  readonly service: Readonly<Record<Service, string>>;
  readonly where: string;
  readonly why: string;
  /** `areas`: those of the order, by name. */
  readonly reasons: Readonly<Record<Reason, (areas: string) => string>>;
  /** In place of their names. */
  readonly theArea: string;
  /** None of its services is denied to this device at present. */
  readonly notHere: string;
  readonly from: string;
  readonly since: string;
  readonly until: string;
  /** Until then. */
  readonly open: string;
  readonly appeal: string;
  readonly held: string;
  readonly withdrawn: string;
  /** By its own date. */
  readonly ended: string;

  readonly waiting: string;
  readonly waitingIs: Readonly<Record<WaitingRule, string>>;
  readonly exit: {
    readonly label: string;
    readonly coming: (until: string) => string;
    readonly approved: string;
    readonly wiped: (at: string) => string;
  };
  readonly kept: string;
  readonly cannotWrite: string;
  /** Before this device has any list. */
  readonly noDocuments: string;
  readonly coming: (number: string, date: string) => string;
  readonly told: Readonly<Record<NoticeMoment, string>>;
  /** Before the time at which it was told, when that was too late for the words of its moment. */
  readonly toldLate: string;

  /** What can be pressed. */
  readonly export: string;
  readonly more: string;
  readonly less: string;
  readonly read: string;

  readonly title: string;
  readonly intro: string;
  readonly none: string;
}

const ALL: readonly NoticeWords[] = [ENGLISH, ARABIC, CHINESE, FRENCH, GERMAN, HINDI, RUSSIAN, SPANISH, URDU];

const primary = (tag: string): string => tag.replace(/-.*$/, '').toLowerCase();

/** `languages`: the reader's, best first, as a browser knows them. English where there is none of them. */
export function noticeWordsIn(languages: readonly string[]): NoticeWords {
  for (const language of languages) {
    const found = ALL.find(({ tag }) => tag === primary(language));
    if (found) return found;
  }
  return ENGLISH;
}

export const areasIn = ({ tag }: NoticeWords, areas: readonly string[]): string =>
  listedIn(
    areas.map((area) => areaNameIn(area, tag)),
    tag,
  );

export const servicesIn = ({ tag, service }: NoticeWords, services: readonly Service[]): string =>
  listedIn(
    services.map((one) => service[one]),
    tag,
  );

/** `areas`: those of the order; null when they are not known. */
export function reasonsIn(words: NoticeWords, reasons: readonly Reason[], areas: readonly string[] | null): string {
  const named = areas ? areasIn(words, areas) : words.theArea;
  return reasons.map((reason) => words.reasons[reason](named)).join(' ');
}

/** `zone`: the reader's own where none is given, and then it is not named. */
export function dateTimeIn({ tag }: NoticeWords, instant: number, zone?: string): string {
  // British, as the rest of the page: where 1/12 would be a day in January to one reader and in December to another, months have names.
  const language = tag === 'en' ? 'en-GB' : tag;
  const form = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  const named = zone === undefined ? {} : ({ timeZone: zone, timeZoneName: 'short' } as const);
  return new Intl.DateTimeFormat(language, { ...form, ...named }).format(instant);
}
