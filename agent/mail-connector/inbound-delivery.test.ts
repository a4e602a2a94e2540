import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { newDeviceId, type PersonId } from '../../shared/protocol/ids.ts';
import type { MailResponse } from '../../shared/protocol/mail-http.ts';
import { readSealedMail, verifySealedMail } from '../../shared/seal/mail.ts';
import { makeMailKey, type NewMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { EXPLAIN, MailIntake, OPEN } from '../../tests/support/mail-intake.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import type { MailClient } from '../mail/mail-client.ts';
import { handOverMail, mailKeysOf } from '../mail/send-mail.ts';
import type { Member } from '../messaging/members/member.ts';
import type { Copy, NewMail } from './connector-queue.ts';
import { afterHandOver, createInboundDelivery, type InboundDelivery, settledResult } from './inbound-delivery.ts';
import { RETURN_AFTER } from './retry-schedule.ts';
import { createSenderNotices } from './sender-notices.ts';

const INSTALLATION = 'ins_test';
const ORDER: DenialNotice = {
  code: 'service_denied',
  detail: 'A court ordered the suspension of mail.',
  order: '2026-001',
  reasons: [],
  appeal: 'appeals@authority.example',
  by: 'recipient',
};

interface Recipient {
  readonly self: Self;
  readonly key: NewMailKey;
  readonly client: MailClient;
}

let intake: MailIntake;
let service: MailService;
let connector: Self;
let delivery: InboundDelivery;
let now: number;
let amina: PersonId;
let devices: Recipient[];

async function device(): Promise<Recipient> {
  const self: Self = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  const key = await makeMailKey(self, { installation: INSTALLATION, number: 1, now: Date.now() });
  const client = service.client(self.device);
  await client.submitKey(key.statement);
  return { self, key, client };
}

beforeEach(async () => {
  intake = await MailIntake.start();
  service = new MailService();
  now = Date.now();
  intake.now = () => now;
  connector = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  amina = intake.person('amina@corp.example');
  devices = [await device(), await device()];
  const members = devices.map(
    ({ self }): Member => ({
      device: self.device,
      generation: 1,
      person: amina,
      name: 'Amina',
      email: 'Amina@corp.example',
      signatureKey: self.key.publicKey,
    }),
  );
  intake.members.set(amina, members);
  const client = service.client(connector.device);
  delivery = createInboundDelivery({
    queue: intake.queue,
    recipients: intake.recipients,
    keysOf: (of) =>
      mailKeysOf(of, { client, installation: INSTALLATION, now, onInvalid: (why) => intake.failures.push(why) }),
    handOver: (mail) => handOverMail(mail, { self: connector, client }),
    installation: INSTALLATION,
    gate: () => intake.gate,
    notices: createSenderNotices({
      queue: intake.queue,
      host: 'connector.example',
      explain: EXPLAIN,
      now: () => now,
      onNotice: () => undefined,
    }),
    now: () => now,
    random: () => 1,
    onFailure: (what, error) => intake.failures.push(`${what}: ${String(error)}`),
    onUnreadable: (detail) => intake.failures.push(detail),
  });
});
afterEach(() => intake.close());

function add(
  text: string,
  given: Partial<NewMail['envelope']> = {},
  notify: NewMail['envelope']['to'][number]['notify'] = null,
) {
  const header = `From: otto@outside.example\r\nSubject: ${text}\r\n`;
  return intake.queue.add({
    kind: 'inbound',
    envelope: {
      from: 'otto@outside.example',
      to: [{ address: 'amina@corp.example', person: amina, notify, originalRecipient: null }],
      envelopeId: null,
      header,
      sender: null,
      ...given,
    },
    message: Buffer.from(`${header}\r\nbody of ${text}\r\n`),
    name: null,
  });
}

/** Texts that a device opens from its queue. */
async function opened({ self, key, client }: Recipient): Promise<string[]> {
  const texts: string[] = [];
  const { items } = await client.queue(0);
  for (const item of items) {
    if (item.type !== 'mail') continue;
    await verifySealedMail(item.mail, connector.key.publicKey);
    const own = { device: self.device, generation: 1, number: 1, privateKey: key.privateKey };
    const reader = await readSealedMail(item.mail, own);
    const pieces = await Promise.all(item.mail.pieces.map(({ id }) => client.piece(id)));
    expect(reader.header).toMatchObject({ direction: 'inbound', envelope: { to: ['amina@corp.example'] } });
    texts.push(Buffer.from(await reader.open(pieces)).toString());
  }
  return texts;
}

const outbound = () => intake.queue.due('outbound', 10);
async function notification(): Promise<string> {
  const [row] = outbound();
  return row ? (await intake.queue.message(row.mail)).toString() : '';
}
const event = (
  index: number,
  what: 'delivered' | 'held' | 'returned' | 'expired',
  denial: DenialNotice | null = null,
) => {
  const { id } = service.accepted[0] ?? {};
  const at = devices[index]?.self.device;
  if (!id || !at) throw new Error('no mail was handed over');
  return delivery.take({ type: 'event', seq: 1, at: 0, id, device: at, event: what, denial });
};

describe('delivery to devices', () => {
  it('seals each message for all verified devices of the person, and deletes the content when the server has it', async () => {
    await add('one');
    await delivery.run();
    for (const each of devices) expect(await opened(each)).toEqual([expect.stringContaining('body of one')]);
    const [row] = service.accepted;
    expect(intake.queue.due('inbound', 10)).toEqual([]);
    await expect(intake.queue.message(intake.queue.bySealed(row?.id ?? '')?.mail ?? '')).rejects.toThrow(/ENOENT/);
    await event(0, 'delivered');
    expect(intake.queue.bySealed(row?.id ?? '')).toBeNull();
    await event(1, 'returned', ORDER);
    expect(outbound()).toEqual([]);
  });

  it('repeats an attempt whose response was lost, and no device gets the message twice', async () => {
    await add('one');
    service.after = (request) => {
      if (request === 'handOver') throw new CordonError('unavailable', 'the connection is lost');
    };
    const next = await delivery.run();
    service.after = () => undefined;
    expect(next).toBeGreaterThan(now);
    now = next ?? 0;
    await delivery.run();
    for (const each of devices) expect(await opened(each)).toHaveLength(1);
    expect(service.accepted).toHaveLength(1);
  });

  it('accepts the event of a fast device before the response of the server', async () => {
    await add('one');
    service.after = (request) => {
      if (request === 'handOver') throw new CordonError('unavailable', 'the connection is lost');
    };
    await delivery.run();
    await event(1, 'delivered');
    expect(intake.queue.counts()).toEqual({});
  });

  it('gives a message to no device twice if the event of a device arrives during a repeated attempt', async () => {
    const bilal = intake.person('bilal@corp.example');
    const known = intake.members.get(amina) ?? [];
    const person = (id: PersonId, address: string) => ({
      address,
      person: id,
      notify: null,
      originalRecipient: null,
    });
    intake.members.set(
      bilal,
      known.map((member) => ({ ...member, person: bilal, email: 'bilal@corp.example' })),
    );
    await add('one', { to: [person(amina, 'amina@corp.example'), person(bilal, 'bilal@corp.example')] });
    service.after = (request) => {
      if (request === 'handOver') throw new CordonError('unavailable', 'the connection is lost');
    };
    now = (await delivery.run()) ?? 0;
    service.after = () => undefined;
    const early: Promise<void>[] = [];
    service.before = (request) => {
      if (request === 'keysOf' && early.length === 0) early.push(event(0, 'delivered'));
    };
    await delivery.run();
    await Promise.all(early);
    expect(service.accepted).toHaveLength(2);
  });

  it('keeps the order of messages to one person while the first one waits', async () => {
    await add('one');
    service.reachable = false;
    const next = await delivery.run();
    await add('two');
    service.reachable = true;
    await delivery.run();
    expect(service.accepted).toEqual([]);
    now = next ?? 0;
    await delivery.run();
    expect(await opened(devices[0] as Recipient)).toEqual([
      expect.stringContaining('body of one'),
      expect.stringContaining('body of two'),
    ]);
  });

  it('does not let the mail of one person delay the mail of others', async () => {
    const bilal = intake.person('bilal@corp.example');
    intake.members.set(
      bilal,
      (intake.members.get(amina) ?? []).map((member) => ({ ...member, person: bilal, email: 'bilal@corp.example' })),
    );
    const known = intake.members.get(amina) ?? [];
    intake.members.set(amina, []);
    for (let count = 0; count < 520; count += 1) await add(`waits ${count}`);
    await delivery.run();
    await add('for bilal', {
      to: [{ address: 'bilal@corp.example', person: bilal, notify: null, originalRecipient: null }],
    });
    await delivery.run();
    expect(service.accepted).toHaveLength(1);
    intake.members.set(amina, known);
    for (let next: number | null = now; next !== null; next = await delivery.run()) now = next;
    expect(service.accepted).toHaveLength(521);
  });

  it('gives mail to no device that is enrolled after the mail was handed over', async () => {
    await add('one');
    await delivery.run();
    const late = await device();
    const known = intake.members.get(amina) ?? [];
    intake.members.set(amina, [
      ...known,
      { ...(known[0] as Member), device: late.self.device, signatureKey: late.self.key.publicKey },
    ]);
    await delivery.run();
    expect(await opened(late)).toEqual([]);
  });

  it('seals nothing for a key that the device did not sign', async () => {
    const [first] = devices;
    const other = await makeMailKey(
      { ...connector, device: first?.self.device ?? newDeviceId() },
      { installation: INSTALLATION, number: 2, now },
    );
    await first?.client.submitKey(other.statement);
    await add('one');
    await delivery.run();
    expect(service.accepted[0]?.recipients.map(({ device: to }) => to)).toEqual([devices[1]?.self.device]);
    expect(intake.failures).toEqual([expect.stringMatching(/messaging key did not sign it/)]);
  });

  it('returns mail after five days with a notification', async () => {
    intake.members.set(amina, []);
    await add('one', { envelopeId: 'QQ=1' }, ['FAILURE']);
    const next = await delivery.run();
    now = next ?? 0;
    await delivery.run();
    expect(outbound()).toEqual([]);
    now += RETURN_AFTER;
    await delivery.run();
    const message = await notification();
    expect(message).toMatch(/^Content-Type: multipart\/report; report-type=delivery-status;/m);
    expect(message).toMatch(
      /Original-Envelope-Id: QQ=1\r\nArrival-Date: [^\r]+\r\n\r\nFinal-Recipient: rfc822; amina@corp\.example\r\nAction: failed\r\nStatus: 4\.4\.7/,
    );
  });
});

describe('orders', () => {
  it('a returned message becomes a notification with order, public explanation and contact', async () => {
    await add('one');
    await delivery.run();
    await event(0, 'held');
    await event(0, 'returned', ORDER);
    expect(outbound()).toEqual([]);
    await event(1, 'returned', ORDER);
    const message = await notification();
    expect(message).toMatch(
      /Order: 2026-001\s+Public explanation: A court ordered the suspension of mail\.\s+Contact for an appeal: appeals@authority\.example/,
    );
    expect(message).toMatch(/Status: 5\.7\.0\r\nDiagnostic-Code: smtp; 5\.7\.0 Order 2026-001 suspends mail/);
    const [row] = outbound();
    expect(intake.queue.mail(row?.mail ?? '')?.envelope).toMatchObject({
      from: null,
      to: [{ address: 'otto@outside.example' }],
    });
    expect(message).toMatch(
      /text\/rfc822-headers; [^\n]+\n[^\n]+\n\r\nFrom: otto@outside\.example\r\nSubject: one\r\n/,
    );
    expect(message).not.toContain('body of one');
    // The server repeats an event until it is acknowledged.
    await event(1, 'returned', ORDER);
    expect(outbound()).toHaveLength(1);
  });

  it('a message that the server refuses at once becomes a notification', async () => {
    for (const { self } of devices) service.outcomes.set(self.device, { outcome: 'refused', denial: ORDER });
    await add('one');
    await delivery.run();
    expect(await notification()).toMatch(/2026-001/);
  });

  it('mail waits in the connector while an order suspends the connector, also for more than five days', async () => {
    await add('one');
    service.senderDenial = { ...ORDER, by: 'sender' };
    for (let day = 0; day < 7; day += 1) {
      await delivery.run();
      now += 86_400_000;
    }
    intake.gate = { ...OPEN, open: false };
    await delivery.run();
    expect([service.accepted, outbound()]).toEqual([[], []]);
    service.senderDenial = null;
    intake.gate = OPEN;
    await delivery.run();
    expect(await opened(devices[0] as Recipient)).toHaveLength(1);
  });
});

it('a message that cannot be read does not stop the mail behind it', async () => {
  const [damaged, missing] = [await add('damaged'), await add('missing')];
  if (damaged === null || missing === null) throw new Error('the queue knows the message');
  intake.damage(damaged);
  rmSync(join(intake.folder, 'messages', missing));
  await add('good');
  await delivery.run();
  await delivery.run();
  expect(await opened(devices[0] as Recipient)).toEqual([expect.stringContaining('body of good')]);
  expect(intake.queue.counts()).toEqual({ 'inbound handed': 1, 'inbound unreadable': 2 });
  expect(intake.failures).toEqual([expect.stringContaining(damaged), expect.stringContaining(missing)]);
});

it('the time of an order does not count for the five days', async () => {
  await add('one');
  service.senderDenial = { ...ORDER, by: 'sender' };
  now += RETURN_AFTER;
  await delivery.run();
  service.senderDenial = null;
  service.reachable = false;
  now += 60_000;
  await delivery.run();
  expect(outbound()).toEqual([]);
  now += RETURN_AFTER;
  await delivery.run();
  expect(await notification()).toMatch(/Status: 4\.4\.7/);
});

describe('notifications', () => {
  it.each([
    ['failure, no condition', null, 'returned', 1],
    ['failure, NEVER', ['NEVER'], 'returned', 0],
    ['failure, only SUCCESS', ['SUCCESS'], 'returned', 0],
    ['failure, FAILURE', ['FAILURE', 'DELAY'], 'returned', 1],
    ['success, no condition', null, 'delivered', 0],
    ['success, SUCCESS', ['SUCCESS'], 'delivered', 1],
  ] as const)('%s', async (_what, notify, result, count) => {
    await add('one', {}, notify === null ? null : [...notify]);
    await delivery.run();
    for (const index of [0, 1]) await event(index, result);
    expect(outbound()).toHaveLength(count);
    expect(intake.queue.due('inbound', 10)).toEqual([]);
    if (count > 0) expect(await notification()).toMatch(`Action: ${result === 'delivered' ? 'delivered' : 'failed'}`);
  });

  it('a notification that cannot be delivered causes no further notification', async () => {
    await add('one', { from: null });
    await delivery.run();
    for (const index of [0, 1]) await event(index, 'expired');
    expect([outbound(), intake.queue.counts()]).toEqual([[], {}]);
  });
});

const outcomes = (...given: MailResponse['recipients'][number]['outcome'][]): MailResponse => ({
  denial: null,
  recipients: given.map((outcome) => ({
    device: newDeviceId(),
    outcome,
    denial: outcome === 'refused' ? ORDER : null,
  })),
});

it.each([
  [['stored'], 'handed'],
  [['held'], 'handed'],
  [['stored', 'refused'], 'handed'],
  [['full', 'held', 'unknown'], 'handed'],
  [['refused'], 'refused'],
  [['refused', 'unknown'], 'refused'],
  [['refused', 'full'], 'retry'],
  [['full'], 'retry'],
  [['unknown'], 'retry'],
] as const)('the response %s means %s', (given, expected) => {
  expect(afterHandOver(outcomes(...given)).type).toBe(expected);
});

const copies = (...states: Copy['state'][]): Copy[] =>
  states.map((state, index) => ({ device: `d${index}`, state, denial: state === 'returned' ? ORDER : null }));

it.each([
  [['pending'], 'handed', null],
  [['pending', 'returned'], 'handed', null],
  [['delivered', 'pending'], 'handed', '2.0.0'],
  [['delivered', 'returned'], 'handed', '2.0.0'],
  [['delivered'], 'waiting', '2.0.0'],
  [['returned'], 'waiting', null],
  [['returned', 'ended'], 'handed', '5.7.0'],
  [['expired', 'ended'], 'handed', '4.4.7'],
  [['ended'], 'handed', '5.2.1'],
  [[], 'handed', null],
] as const)('copies %s of a %s delivery have the result %s', (states, state, expected) => {
  expect(settledResult(copies(...states), state)?.status ?? null).toBe(expected);
});
