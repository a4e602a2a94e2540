/**
 * Notices to people about productions of their records. On the date that the law allows, each active device of the person gets a message.
 * The notice stays open until a device has stored it, and is then recorded in the ledger. Ids of messages depend on request, device and
 * attempt, so a repetition after a crash sends no second message.
 */

import { hash } from 'node:crypto';
import { utcWords } from '../../shared/disclosure/describe.ts';
import type { DisclosureText } from '../../shared/disclosure/documents.ts';
import { RECORD_TYPE_FACTS } from '../../shared/disclosure/record-types.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { base32, type CommandId, type DeviceId, type DisclosureId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { readText } from './disclosure-text.ts';
import type { DisclosureRecord, DisclosureStore, NoticePort } from './ports.ts';
import { newestOf } from './request-views.ts';

const DAY = 86_400_000;
/** Milliseconds after which a message that no device has stored expires, and the next attempt begins. */
export const NOTICE_LIFE = 7 * DAY;
const EVERY = 60_000;
/** Milliseconds between the result of a command and the next run. Results of many devices cause one run. */
const AFTER_RESULTS = 1_000;
/** Maximum number of open notices in one run, far more than an operator should ever have. */
const MOST = 10_000;

export function createNotices({
  store,
  messages,
  clock,
  bus,
  changed,
}: {
  readonly store: Pick<DisclosureStore, 'dueNotices' | 'markNotified'>;
  readonly messages: NoticePort;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly changed: () => void;
}) {
  let loop: Loop | null = null;
  /** True if the last run left a notice open. The result of a command may then close the notice. */
  let waiting = false;

  async function run(): Promise<void> {
    const due = await store.dueNotices(clock.now(), MOST);
    waiting = due.length > 0;
    for (const record of due) await notify(record);
  }

  async function notify({ row, versions }: DisclosureRecord): Promise<void> {
    if (row.noticeDue === null || row.production === null) return;
    const devices = await messages.activeDevices(row.person);
    const now = clock.now();
    const attempt = Math.floor((now - row.noticeDue) / NOTICE_LIFE);
    const earlier = Array.from({ length: Math.min(attempt + 1, MOST_ATTEMPTS) }, (_, back) => attempt - back);
    const sent = devices.flatMap((device) => earlier.map((each) => noticeId(row.id, device, each)));
    if (sent.length > 0 && (await messages.isStored(sent))) {
      await store.markNotified(row.id, now, {
        kind: 'disclosure.notified',
        at: now,
        // The subject must never be the person. Otherwise a search of the ledger for the person would reveal which disclosure concerned the
        // person.
        subject: newestOf(versions).digest,
        public: { disclosure: row.id },
      });
      changed();
      return;
    }
    const text = noticeText(readText(newestOf(versions)), row.production.at);
    for (const device of devices) await messages.send(noticeId(row.id, device, attempt), device, text);
  }

  const start = (failed: (error: unknown) => void): (() => Promise<void>) => {
    const started = new Loop({ run, failed, every: EVERY });
    loop = started;
    started.request();
    // A device has stored a command, which may be a notice, so the open notices are checked soon.
    const unsubscribe = bus.subscribe(({ kind }) => {
      if (kind === 'results' && waiting) started.requestAt(Date.now() + AFTER_RESULTS);
    });
    return () => {
      unsubscribe();
      return started.stop();
    };
  };

  return { run, start, wake: () => loop?.request() };
}

/** Maximum number of past attempts whose messages the server checks. */
const MOST_ATTEMPTS = 60;

/** Id of the message of one attempt to one device. The same attempt always gives the same id, so the store sends the message only once. */
export const noticeId = (disclosure: DisclosureId, device: DeviceId, attempt: number): CommandId =>
  `cmd_${base32(hash('sha256', `notice ${disclosure} ${device} ${attempt}`, 'buffer').subarray(0, 10))}` as CommandId;

/** Text of the notice to the person, in plain words. */
export function noticeText({ authority, window, records, instrument, disclosure }: DisclosureText, at: number): string {
  const day = (time: string | number) => new Date(time).toISOString().slice(0, 10);
  return [
    `On ${day(at)}, your organization gave records about you to an authority.`,
    `Authority: ${authority.name}.`,
    `Legal instrument: ${instrument.reference} of ${day(instrument.issuedAt)}, by ${instrument.issuer}.`,
    `Records: ${records.map((record) => RECORD_TYPE_FACTS[record].title.toLowerCase()).join(', ')}.`,
    `Time covered: ${utcWords(window.from)} to ${utcWords(window.to)}.`,
    'The records contain no content of messages or mail, because the server cannot decrypt it.',
    `Ask your organization about this disclosure with its number ${disclosure}.`,
  ].join('\n');
}
