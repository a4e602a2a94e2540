/**
 * Cordon's own texts around an order's text on a device, such as reasons, times and contact. Approvers do not sign these texts. Each
 * language has one file.
 */
import type { Reason, Service, WaitingRule } from '../../verdict/terms.ts';
import type { NoticeMoment } from '../documents.ts';

/** Languages of the texts, as primary subtags of BCP 47. */
export type NoticeLanguage =
  | 'ar'
  | 'bn'
  | 'de'
  | 'en'
  | 'es'
  | 'fa'
  | 'fr'
  | 'hi'
  | 'id'
  | 'kk'
  | 'pt'
  | 'ru'
  | 'tr'
  | 'ur'
  | 'zh';

/** Sentences end with a full stop; labels do not. */
export interface NoticeWords {
  readonly tag: NoticeLanguage;
  readonly direction: 'ltr' | 'rtl';
  /** Heading that the device shows while an order suspends messages. */
  readonly suspended: string;
  readonly order: (number: string) => string;
  readonly untilDate: (date: string) => string;
  readonly untilWithdrawn: string;
  readonly statement: string;
  readonly language: string;
  readonly authoritative: string;
  /** Label of a translation. `language` is the name of the language whose text is authoritative. */
  readonly translation: (language: string) => string;

  readonly services: string;
  readonly service: Readonly<Record<Service, string>>;
  readonly where: string;
  readonly why: string;
  /** Sentence for each reason for which an order denies or allows services on a device. `areas`: names of the order's areas. */
  readonly reasons: Readonly<Record<Reason, (areas: string) => string>>;
  /**
   * Sentences in place of `reasons` on a device that no order affects: for these reasons, the order's own rule decides whether the order
   * applies.
   */
  readonly allowedReasons: Readonly<Record<'contested' | 'unknown', (areas: string) => string>>;
  /** Words that replace the area names in a sentence if the areas are unknown. */
  readonly theArea: string;
  /** Text for an order that suspends no service of the device at present. */
  readonly noBlockedService: string;
  readonly from: string;
  readonly since: string;
  readonly until: string;
  /** Text after “Until” for an order without an end. */
  readonly open: string;
  readonly appeal: string;
  readonly paused: string;
  readonly withdrawn: string;
  readonly ended: string;

  readonly waiting: string;
  readonly waitingIs: Readonly<Record<WaitingRule, string>>;
  readonly exit: {
    readonly label: string;
    readonly exportBy: (until: string) => string;
    readonly approved: string;
    readonly wiped: (at: string) => string;
  };
  readonly dataKept: string;
  readonly cannotWrite: string;
  readonly noDocuments: string;
  readonly announcement: (number: string, date: string) => string;
  readonly displayedAt: Readonly<Record<NoticeMoment, string>>;
  readonly displayedLate: string;

  readonly export: string;
  readonly more: string;
  readonly less: string;
  readonly read: string;

  readonly title: string;
  readonly intro: string;
  readonly none: string;
}
