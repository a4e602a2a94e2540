/** Conversations and orders for the test of the device page: texts and names with scripts, control characters and both writing directions. */
import { crc32, deflateSync } from 'node:zlib';
import type { Notice } from '../../agent/enforcement/notice-view.ts';
import { ENROLLMENT_ENDED } from '../../agent/messaging/mailbox/delivery-state.ts';
import type { Messaging } from '../../agent/messaging/messaging.ts';
import { createMemoryTalk, type MemoryTalk } from './memory-talk.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Title of the page if a script in a text ran. */
export const RAN = 'a script ran';
export const SCRIPT = `<script>document.title='${RAN}'</script>`;
export const PEOPLE = {
  per_ada: 'Ada Lovelace',
  per_alia: 'علیہ خان',
  per_ngozi: `👩🏽‍⚖️ Ngozi Adaeze ${SCRIPT}`,
  per_ben: 'Ben Okri',
  per_long: `Donaudampfschifffahrts${'gesellschafts'.repeat(6)}kapitän`,
};
export const NOTICE: Notice = {
  order: '2026-001',
  revision: 3,
  title: 'پاکستان: پیغامات کی معطلی',
  status: 'active',
  services: ['messaging', 'mail'],
  areas: ['PK'],
  reasons: ['present', 'network'],
  effective: Date.now() - 2 * HOUR,
  until: Date.now() + 3 * DAY,
  statement: {
    en: 'Messages end on 30 December by order of the regulator.\nThey come back when the order is withdrawn.',
    ur: 'ریگولیٹر کے حکم سے 30 دسمبر کو پیغامات کی سروس بند ہو جائے گی۔\nحکم واپس لیے جانے پر پیغامات بحال ہو جائیں گے۔',
  },
  authoritative: 'ur',
  exit: { exportsUntil: Date.now() + 28 * DAY, approved: false, wiped: null },
  appeal: 'The regulator, Islamabad.\nappeals@example.org',
  deliveries: [{ moment: 'effective', at: Date.now() - 2 * HOUR, displayed: false, late: false }],
};
export const COMING: Notice = {
  ...NOTICE,
  exit: null,
  order: '2026-002',
  title: 'Emirates',
  areas: ['AE'],
  reasons: [],
  effective: Date.now() + 3 * DAY,
};

/** A picture of one color, as a PNG file. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const ends = [Buffer.alloc(4), Buffer.alloc(4)] as const;
    ends[0].writeUInt32BE(data.length);
    ends[1].writeUInt32BE(crc32(named));
    return Buffer.concat([ends[0], named, ends[1]]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0], 8);
  // The first byte of each row is the row's filter; 0 means none.
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, 0x90)]);
  const rows = deflateSync(Buffer.concat(Array(height).fill(row)));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export interface FilledTalk {
  readonly talk: MemoryTalk;
  /** The messages of Ada, whose device's page is tested. */
  readonly ada: Messaging;
  /** Ids of the conversations, by the id of the other person. The key `group` has the conversation with three others. */
  readonly ids: Readonly<Record<string, string>>;
}

export async function fillTalk(): Promise<FilledTalk> {
  const talk = createMemoryTalk(PEOPLE);
  const ada = talk.messagingOf('per_ada');
  const now = Date.now();
  const ids: Record<string, string> = {};
  for (const other of ['per_ben', 'per_ngozi', 'per_long', 'per_alia'] as const) {
    ids[other] = await ada.start({ people: [other], title: null });
  }
  const group = await ada.start({ people: ['per_ben', 'per_alia', 'per_ngozi'], title: 'اجلاس 2027' });
  ids['group'] = group;
  talk.say(ids['per_ben'] ?? '', 'per_ben', `See you. ${SCRIPT}`, now - 9 * DAY);
  talk.say(ids['per_ngozi'] ?? '', 'per_ngozi', 'Good morning!', now - 2 * DAY);
  talk.say(ids['per_long'] ?? '', 'per_long', 'x'.repeat(400), now - DAY);
  talk.withhold('per_long', { state: 'returned', order: null, refusal: ENROLLMENT_ENDED });
  talk.say(ids['per_long'] ?? '', 'per_ada', 'Ahoy?', now - DAY + HOUR);
  talk.withhold('per_long', null);
  const alia = ids['per_alia'] ?? '';
  for (let at = 0; at < 120; at++)
    talk.say(alia, at % 3 ? 'per_alia' : 'per_ada', `Message ${at + 1}`, now - 5 * DAY + (at * HOUR) / 2);
  talk.say(alia, 'per_alia', 'السلام علیکم! کل کا اجلاس صبح 9:30 بجے ہے، room 4B میں۔', now - 40 * 60_000);
  talk.say(alia, 'per_ada', 'Thank you, I am on my way.\nSee you there.', now - 35 * 60_000);
  await talk.messagingOf('per_alia').send(alia, {
    text: '',
    attachments: [
      { name: 'نقشہ.png', type: 'image/png', bytes: png(240, 160) },
      { name: 'invoice\u202egpj.exe', type: 'image/png', bytes: Buffer.from('<svg onload=alert(1)>') },
    ],
  });
  talk.say(group, 'per_ben', 'Shall we meet?', now - 3 * HOUR);
  talk.say(group, 'per_alia', 'جی ہاں', now - 2 * HOUR);
  talk.withhold('per_alia', { state: 'held', order: '2026-001' });
  talk.say(group, 'per_ada', 'At ten then.', now - HOUR);
  talk.withhold('per_alia', { state: 'refused', order: '2026-001' });
  talk.withhold('per_ben', { state: 'expired', order: null });
  talk.say(group, 'per_ada', 'Or at eleven.', now - HOUR / 2);
  const detail =
    'The device has reached the limit for stored attachments. The server deletes attachments after 30 days. Try again then.';
  for (const person of ['per_alia', 'per_ben', 'per_ngozi']) {
    talk.withhold(person, { state: 'refused', order: null, refusal: { code: 'too_large', detail } });
  }
  talk.say(group, 'per_ada', 'The whole archive.', now - HOUR / 3);
  talk.withhold('per_ngozi', null);
  talk.withhold('per_alia', null);
  talk.withhold('per_ben', null);
  return { talk, ada, ids };
}
