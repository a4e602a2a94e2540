import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { newDeviceId, type PersonId } from '../../shared/protocol/ids.ts';
import { readSealedMail, verifySealedMail } from '../../shared/seal/mail.ts';
import { makeMailKey, type NewMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { EXPLAIN, MailIntake, OPEN } from '../../tests/support/mail-intake.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import type { MailClient } from '../mail/mail-client.ts';
import { handOverMail, mailKeysOf } from '../mail/send-mail.ts';
import type { Member } from '../messaging/members/member.ts';
import type { NewMail } from './connector-queue.ts';
import { createInboundDelivery, type InboundDelivery } from './inbound-delivery.ts';
import { RETURN_AFTER } from './retry-schedule.ts';
import { createSenderNotices } from './sender-notices.ts';
import { LARGEST_RETURNED } from './status-notification.ts';

const INSTALLATION = 'ins_test';
const DAY = 86_400_000;
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
let missed: string[];

async function device(): Promise<Recipient> {
  const self: Self = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  const key = await makeMailKey(self, { installation: INSTALLATION, number: 1, now: Date.now() });
  const client = service.client(self.device);
  await client.submitKey(key.statement);
  return { self, key, client };
}

beforeEach(async () => {
  intake = await MailIntake.start();
  missed = [];
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
    onMissed: (detail) => missed.push(detail),
  });
});
afterEach(() => intake.close());

function add(
  text: string,
  given: Partial<NewMail['envelope']> = {},
  notify: NewMail['envelope']['to'][number]['notify'] = null,
  size = 0,
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
    message: Buffer.from(`${header}\r\nbody of ${text}\r\n${'line\r\n'.repeat(size / 6)}`),
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
    service.after = () => undefined;
    await event(1, 'delivered');
    now += RETURN_AFTER;
    await delivery.run();
    expect([intake.queue.counts(), service.accepted.length, outbound()]).toEqual([{}, 1, []]);
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

describe('a device whose queue is full', () => {
  const full = (index: number) => devices[index]?.self.device ?? newDeviceId();
  const fill = (index: number) => service.outcomes.set(full(index), { outcome: 'full', denial: null });
  const next = async () => {
    now = (await delivery.run()) ?? now;
    return delivery.run();
  };

  it('gets the message once when its queue has space, in the order of arrival', async () => {
    fill(0);
    await add('one', {}, ['SUCCESS']);
    await add('two');
    await delivery.run();
    expect(await opened(devices[1] as Recipient)).toHaveLength(2);
    await event(1, 'delivered');
    expect(intake.queue.counts()).toEqual({ 'inbound handed': 1, 'late waiting': 2, 'outbound waiting': 1 });
    await next();
    expect(await opened(devices[0] as Recipient)).toEqual([]);
    service.outcomes.clear();
    for (const _ of ['one', 'two']) await next();
    expect(await opened(devices[0] as Recipient)).toEqual([
      expect.stringContaining('body of one'),
      expect.stringContaining('body of two'),
    ]);
    expect(await opened(devices[1] as Recipient)).toHaveLength(2);
    expect(intake.queue.counts()).toEqual({ 'inbound handed': 1, 'outbound waiting': 1 });
    expect(missed).toEqual([]);
  });

  it('gets the message although the response was lost and another device was faster', async () => {
    fill(0);
    await add('one');
    service.after = (request) => {
      if (request === 'handOver') throw new CordonError('unavailable', 'the connection is lost');
    };
    const again = await delivery.run();
    service.after = () => undefined;
    await event(1, 'delivered');
    now = again ?? 0;
    await delivery.run();
    service.outcomes.clear();
    await next();
    for (const each of devices) expect(await opened(each)).toHaveLength(1);
  });

  it('causes one alert a day after five days, and no notification to the sender', async () => {
    fill(0);
    for (const text of ['one', 'two']) await add(text);
    await delivery.run();
    now += RETURN_AFTER;
    await delivery.run();
    expect(intake.queue.counts()).toEqual({ 'inbound handed': 2 });
    expect(new Set(missed)).toEqual(new Set([expect.stringMatching(new RegExp(`missing on ${full(0)}, .*5 days`))]));
    expect(outbound()).toEqual([]);
  });
});

describe('orders', () => {
  it('the rule `deliver` also holds mail for devices, because a suspended connector sends nothing', async () => {
    await add('one');
    now += 1000;
    const texts = { title: 'A test', appeal: 'a@b.example', authoritative: null, statement: {} };
    const denial = { order: '2026-001', revision: 1, reasons: [], until: null, waiting: 'deliver' as const, ...texts };
    intake.gate = { ...OPEN, open: false, since: now, denials: [denial] };
    now += RETURN_AFTER;
    expect(await delivery.run()).toBe(now + 60_000);
    expect([service.accepted, outbound(), intake.queue.counts()]).toEqual([[], [], { 'inbound waiting': 1 }]);
    intake.gate = { ...OPEN, since: now };
    await delivery.run();
    for (const each of devices) expect(await opened(each)).toHaveLength(1);
  });

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
  const files = () => readdirSync(join(intake.folder, 'messages'));
  now += 29 * DAY;
  intake.queue.clean();
  expect([intake.queue.counts(), files()]).toEqual([{ 'inbound handed': 1, 'inbound unreadable': 2 }, [damaged]]);
  now += DAY;
  intake.queue.clean();
  expect([intake.queue.counts(), files()]).toEqual([{ 'inbound handed': 1 }, []]);
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

  it.each([
    ['the whole message', true, 10, true],
    ['the header of a message that is too large', true, 2 * LARGEST_RETURNED, false],
    ['the header without RET=FULL', false, 10, false],
  ] as const)('has %s', async (_what, returnFull, size, isWhole) => {
    await add(`one\r\nX: ${'x'.repeat(60)}`, { returnFull }, null, size);
    await delivery.run();
    intake.queue.clean();
    for (const index of [0, 1]) await event(index, 'returned', ORDER);
    const message = await notification();
    expect([message.includes('Content-Type: message/rfc822\r\n'), message.includes('body of one')]).toEqual([
      isWhole,
      isWhole,
    ]);
    expect(readdirSync(join(intake.folder, 'messages'))).toHaveLength(1);
  });

  it('a notification that cannot be delivered causes no further notification', async () => {
    await add('one', { from: null });
    await delivery.run();
    for (const index of [0, 1]) await event(index, 'expired');
    expect([outbound(), intake.queue.counts()]).toEqual([[], {}]);
  });
});
