import { afterEach, beforeEach, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { newDeviceId, newPersonId } from '../../shared/protocol/ids.ts';
import type { SealedMail } from '../../shared/protocol/mail-http.ts';
import { makeMailKey, type NewMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { MailIntake } from '../../tests/support/mail-intake.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import { createMailSenders } from '../mail/mail-senders.ts';
import { openMail } from '../mail/open-mail.ts';
import { handOverMail, mailKeysOf } from '../mail/send-mail.ts';
import type { Member } from '../messaging/members/member.ts';
import { createOutboundIntake, type OutboundIntake, outboundRefusal } from './outbound-intake.ts';
import { RETURN_AFTER } from './retry-schedule.ts';

const INSTALLATION = 'ins_test';
const DAY = 86_400_000;

let intake: MailIntake;
let service: MailService;
let connector: Self;
let ada: Self;
let key: NewMailKey;
let member: Member;
let now: number;
/** True while the server proves the enrollment of Ada's device. */
let isProven: boolean;
let alerts: string[];
let values: Map<string, Buffer>;

beforeEach(async () => {
  intake = await MailIntake.start();
  service = new MailService();
  now = Date.now();
  intake.now = () => now;
  [isProven, alerts, values] = [true, [], new Map()];
  connector = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  ada = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  key = await makeMailKey(connector, { installation: INSTALLATION, number: 1, now });
  await service.client(connector.device).submitKey(key.statement);
  const { device, generation } = ada;
  const signatureKey = ada.key.publicKey;
  member = { device, generation, person: newPersonId(), name: 'Ada', email: 'ada@corp.example', signatureKey };
});
afterEach(() => intake.close());

/** The connector's intake as after a start of the connector. */
function opened(): OutboundIntake {
  const client = service.client(connector.device);
  const { memberOf } = createMailSenders({
    store: { mailValue: (name) => values.get(name) ?? null, saveMailValue: (name, value) => values.set(name, value) },
    vault: {
      seal: (_context, value) => Buffer.from(JSON.stringify(value)),
      unseal: (_context, sealed) => JSON.parse(Buffer.from(sealed).toString()),
    },
    membership: {
      async memberOf() {
        if (isProven) return member;
        throw new CordonError('unverified_member', 'The organization has not confirmed the device.');
      },
    },
    now: () => now,
  });
  const keys = { privateKey: () => new Uint8Array(key.privateKey) };
  return createOutboundIntake({
    queue: intake.queue,
    piece: client.piece,
    open: (mail, piece) =>
      openMail(mail, {
        self: () => connector,
        installation: INSTALLATION,
        client: { piece },
        keys,
        memberOf,
        refusal: outboundRefusal,
      }),
    host: 'connector.example',
    now: () => now,
    random: () => 1,
    onQueued: () => undefined,
    onUnopenable: (detail) => alerts.push(detail),
  });
}

async function sent(): Promise<SealedMail> {
  const client = service.client(ada.device);
  const receiver = { ...member, device: connector.device, signatureKey: connector.key.publicKey };
  const keys = await mailKeysOf([receiver], { client, installation: INSTALLATION, now, onInvalid: () => undefined });
  const envelope = { from: 'ada@corp.example', to: ['otto@outside.example'] };
  const header = { direction: 'outbound', installation: INSTALLATION, at: now, envelope } as const;
  const message = Buffer.from('From: ada@corp.example\r\nSubject: x\r\n\r\ntext\r\n');
  await handOverMail({ id: crypto.randomUUID(), header, message, keys }, { self: ada, client });
  const mail = service.accepted.at(-1);
  if (!mail) throw new Error('no mail was accepted');
  return mail;
}

it('accepts mail of an ended enrollment that it has verified before, also after a restart', async () => {
  await opened().take(await sent());
  const late = await sent();
  isProven = false;
  now += 399 * DAY;
  await opened().take(late);
  expect([intake.queue.counts(), alerts]).toEqual([{ 'outbound waiting': 2 }, []]);
});

it('keeps mail of an unverified device with its content until the device is verified', async () => {
  isProven = false;
  const mail = await sent();
  await opened().take(mail);
  expect([intake.queue.counts(), alerts]).toEqual([{ 'unverified waiting': 1 }, []]);
  // The server deletes the content after the acknowledgment.
  service.pieces.clear();
  const next = await opened().run();
  expect(next).toBeGreaterThan(now);
  isProven = true;
  now = next ?? 0;
  await opened().run();
  expect(intake.queue.counts()).toEqual({ 'outbound waiting': 1 });
});

it('gives up after five days with an alert', async () => {
  isProven = false;
  await opened().take(await sent());
  now += RETURN_AFTER;
  await opened().run();
  expect([intake.queue.counts(), alerts]).toEqual([{}, [expect.stringMatching(/has not confirmed the device/)]]);
});

it('keeps a limited number of unverified mails', async () => {
  isProven = false;
  for (let count = 0; count < 101; count += 1) await opened().take(await sent());
  expect(intake.queue.counts()).toEqual({ 'unverified waiting': 100 });
  expect(alerts).toHaveLength(1);
});
