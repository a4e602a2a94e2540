import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderTerms } from '../../shared/order/documents.ts';
import {
  LARGEST_MAIL_PIECE,
  mailConnectorsResponse,
  mailKeysResponse,
  mailQueueResponse,
  mailRecipientsResponse,
  mailResponse,
  type SealedMail,
} from '../../shared/protocol/mail-http.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { headerOf, type MailWithPieces, mailOf } from '../../tests/support/sealed-mail.ts';
import { INSTALLATION } from '../../tests/support/signed-documents.ts';
import { until } from '../../tests/support/until.ts';

const HOUR = 3_600_000;

let world: GatewayWorld;
const links: TestLink[] = [];
beforeEach(async () => {
  world = await openGatewayWorld();
});
afterEach(async () => {
  for (const link of links.splice(0)) link.socket.terminate();
  expect(world.complaints).toEqual([]);
  await world.close();
});

const of = ({ id: device }: TestDevice) => ({ device, generation: 1 });
const newName = () => randomBytes(32).toString('base64url');
const post = ({ tls }: TestDevice, path: string, body: unknown) => ask(tls, 'POST', path, JSON.stringify(body));
const piece = (name: string) => `/device/mail/pieces/${name}`;

async function upload(device: TestDevice, { mail, bytes }: MailWithPieces): Promise<void> {
  for (const [index, { id }] of mail.pieces.entries()) {
    expect((await ask(device.tls, 'PUT', piece(id), bytes[index])).status).toBe(204);
  }
}
async function send(device: TestDevice, made: MailWithPieces) {
  await upload(device, made);
  const { status, body } = await post(device, '/device/mail', made.mail);
  expect([status, body]).toEqual([200, body]);
  return mailResponse.parse(JSON.parse(body));
}
const outcomes = async (response: ReturnType<typeof send>) => (await response).recipients.map(({ outcome }) => outcome);
async function queue({ tls }: TestDevice, after = 0) {
  const { status, body } = await ask(tls, 'GET', `/device/mail/queue?after=${after}`);
  expect(status).toBe(200);
  return mailQueueResponse.parse(JSON.parse(body)).items;
}
const said = async (device: TestDevice) =>
  (await queue(device)).map((item) =>
    item.type === 'mail' ? headerOf(item.mail) : `${item.event} ${item.denial?.order ?? '-'}`,
  );
async function take(device: TestDevice): Promise<string[]> {
  const found = await said(device);
  const through = (await queue(device)).at(-1)?.seq;
  if (through) expect((await post(device, '/device/mail/queue/received', { through })).status).toBe(204);
  return found;
}
const keyOf = (device: TestDevice, more: object = {}) => {
  const key = {
    installation: INSTALLATION,
    ...of(device),
    number: 1,
    publicKey: 'x',
    createdAt: 1,
    expiresAt: 2,
    ...more,
  };
  const sorted = Object.fromEntries(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    payload: Buffer.from(JSON.stringify(sorted)).toString('base64'),
    signature: randomBytes(64).toString('base64'),
  };
};
const putKey = ({ tls }: TestDevice, body: object) => ask(tls, 'PUT', '/device/mail/key', JSON.stringify(body));

/** An adopted order about mail that takes effect in an hour. */
async function order(more: Partial<OrderTerms> = {}): Promise<string> {
  const { people } = world;
  const effective = new Date(world.clock.now() + HOUR).toISOString();
  const terms = { ...PROPOSAL, services: ['mail' as const], effective, ...more };
  const made = await world.orders.drafting.propose(people.proposer.id, terms);
  for (const person of [people.ada, people.ben]) await world.sign(made.order, 1, person);
  return made.order;
}
async function withdraw(number: string): Promise<void> {
  const { people } = world;
  await world.orders.drafting.proposeAction(people.proposer.id, number, { action: 'withdraw' });
  for (const person of [people.ada, people.ben]) await world.sign(number, 2, person);
}
const anHour = () => world.clock.jump(world.clock.now() + HOUR);

/** A connector outside the order's area, and a device inside. */
async function scene() {
  const connector = await world.enroll('SE', 'Connector', { mailConnector: true });
  const bilal = await world.enroll('PK', 'Bilal');
  const letter = (header: string) => mailOf(of(connector), [of(bilal)], { header, sizes: [50, 17] });
  return { connector, bilal, letter };
}

describe('mail', () => {
  it('goes from a connector to a device once, and the device’s acknowledgment to the connector', async () => {
    const { connector, bilal, letter } = await scene();
    const link = await new TestLink(bilal.tls).hello({ mail: true });
    links.push(link);
    const made = letter('hello');
    const first = await send(connector, made);
    expect(first).toEqual({ denial: null, recipients: [{ device: bilal.id, outcome: 'stored', denial: null }] });
    await link.next('new-mail');
    expect(await send(connector, made)).toEqual(first);

    const [item] = await queue(bilal);
    expect(item).toMatchObject({ type: 'mail', seq: 1, mail: made.mail });
    for (const [index, { id }] of made.mail.pieces.entries()) {
      const got = await ask(bilal.tls, 'GET', piece(id));
      expect([got.status, got.bytes.equals(made.bytes[index] ?? Buffer.alloc(0))]).toEqual([200, true]);
    }
    expect(await queue(bilal, 1)).toEqual([]);
    expect(await take(bilal)).toEqual(['hello']);
    expect(await take(bilal)).toEqual([]);
    expect(await queue(connector)).toMatchObject([
      { type: 'event', id: made.mail.id, device: bilal.id, event: 'delivered', denial: null },
    ]);
  });

  it('is announced only to a session whose agent can receive mail', async () => {
    const { connector, bilal, letter } = await scene();
    const link = await new TestLink(bilal.tls).hello();
    links.push(link);
    await send(connector, letter('hello'));
    await delay(50);
    expect(link.frames.filter(({ kind }) => kind === 'new-mail')).toEqual([]);
  });

  it('case 15: a device sees no mail, piece, key or queue of another device', async () => {
    const { connector, bilal, letter } = await scene();
    const mallory = await world.enroll('SE', 'Mallory');
    const made = letter('secret');
    await send(connector, made);
    const [first] = made.mail.pieces;
    expect((await ask(mallory.tls, 'GET', piece(first?.id ?? ''))).status).toBe(404);
    // Not even the sender reads a piece, because only recipients need it.
    expect((await ask(connector.tls, 'GET', piece(first?.id ?? ''))).status).toBe(404);
    expect(await queue(mallory)).toEqual([]);
    expect((await post(mallory, '/device/mail/queue/received', { through: 1 })).status).toBe(204);
    expect(await said(bilal)).toEqual(['secret']);

    // A mail in another device's name, also with that device's own pieces.
    const forged = mailOf(of(connector), [of(bilal)]);
    await upload(mallory, forged);
    const refused = await post(mallory, '/device/mail', forged.mail);
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([403, 'forbidden']);
    const stolen: SealedMail = { ...made.mail, id: crypto.randomUUID(), sender: of(mallory) };
    expect((await post(mallory, '/device/mail', stolen)).status).toBe(409);
    const later = { ...forged.mail, sender: { ...of(mallory), generation: 2 } };
    expect((await post(mallory, '/device/mail', later)).status).toBe(403);
    expect((await ask(mallory.tls, 'PUT', piece(first?.id ?? ''), made.bytes[0])).status).toBe(409);

    // A mail key of another device, an earlier key, and a key of another enrollment.
    expect((await putKey(bilal, keyOf(bilal, { number: 2 }))).status).toBe(204);
    expect((await putKey(mallory, keyOf(bilal, { number: 3 }))).status).toBe(409);
    expect((await putKey(bilal, keyOf(bilal))).status).toBe(409);
    expect((await putKey(bilal, keyOf(bilal, { generation: 2, number: 9 }))).status).toBe(409);
    expect((await putKey(bilal, keyOf(bilal, { installation: 'other', number: 9 }))).status).toBe(409);
    const { body } = await post(mallory, '/device/mail/keys', { devices: [bilal.id, mallory.id] });
    expect(mailKeysResponse.parse(JSON.parse(body)).keys).toMatchObject([{ device: bilal.id, generation: 1 }]);
  });

  it('case 15: the role of a connector comes from the enrollment, and only a connector looks up recipients', async () => {
    const { connector, bilal } = await scene();
    const { database } = world;
    await putKey(bilal, keyOf(bilal));
    const { person_id: person } = await database.db
      .selectFrom('devices')
      .select('person_id')
      .where('id', '=', bilal.id)
      .executeTakeFirstOrThrow();
    await database.db
      .updateTable('persons')
      .set({ email_key: 'bilal@exempel.example' })
      .where('id', '=', person)
      .execute();
    const addresses = ['Bilal@Exempel.example', 'nobody@exempel.example'];
    expect((await post(bilal, '/device/mail/recipients', { addresses })).status).toBe(403);
    const lookUp = async () => {
      const { body } = await post(connector, '/device/mail/recipients', { addresses });
      return mailRecipientsResponse.parse(JSON.parse(body)).recipients;
    };
    const unknown = { address: addresses[1], person: null, state: 'unknown', denial: null };
    // A device without a countersigned messaging key is not reachable.
    expect(await lookUp()).toEqual([{ address: addresses[0], person, state: 'no-device', denial: null }, unknown]);
    await verify(bilal, person);
    expect(await lookUp()).toEqual([{ address: addresses[0], person, state: 'available', denial: null }, unknown]);

    const number = await order({ waiting: 'return' });
    anHour();
    const [refused] = await lookUp();
    expect(refused).toMatchObject({ state: 'refused', denial: { order: number, appeal: PROPOSAL.appeal } });

    const link = await new TestLink(connector.tls).hello({ mail: true });
    links.push(link);
    const listed = async (device: TestDevice) =>
      mailConnectorsResponse.parse(JSON.parse((await ask(device.tls, 'GET', '/device/mail/connectors')).body))
        .connectors;
    await until(async () => expect(await listed(bilal)).toEqual([{ ...of(connector), connected: true }]));
    await world.enrollAgain(connector.id);
    expect((await post(connector, '/device/mail/recipients', { addresses })).status).toBe(403);
    expect(await listed(bilal)).toEqual([]);
  });

  it.each([
    ['a name that is none', 'short', randomBytes(9), 400],
    ['a name that leads elsewhere', `..%2F${'a'.repeat(38)}`, randomBytes(9), 400],
    ['nothing', newName(), Buffer.alloc(0), 400],
    ['a byte too many', newName(), Buffer.alloc(LARGEST_MAIL_PIECE + 1), 413],
  ])('case 53: refuse a piece with %s', async (_name, name, bytes, status) => {
    const { tls } = await world.enroll();
    expect((await ask(tls, 'PUT', piece(name), bytes)).status).toBe(status);
  });

  it('refuse a mail that is malformed, names a recipient twice, or names a piece that is not stored', async () => {
    const { connector, bilal, letter } = await scene();
    const { mail } = letter('x');
    expect((await post(connector, '/device/mail', { ...mail, extra: 1 })).status).toBe(400);
    expect((await post(connector, '/device/mail', { ...mail, recipients: [] })).status).toBe(400);
    const twice = [...mail.recipients, ...mail.recipients];
    expect((await post(connector, '/device/mail', { ...mail, recipients: twice })).status).toBe(400);
    const missing = await post(connector, '/device/mail', mail);
    expect([missing.status, JSON.parse(missing.body)]).toMatchObject([409, { context: { piece: mail.pieces[0]?.id } }]);
    expect(await queue(bilal)).toEqual([]);
  });
});

/** Gives a device a countersigned messaging key. */
async function verify({ id }: TestDevice, person: string): Promise<void> {
  await world.database.db
    .insertInto('messaging_keys')
    .values({
      device_id: id,
      generation: 1,
      person_id: person,
      name: 'n',
      folded: 'n',
      signature_key: 'k',
      payload: 'p',
      digest: 'd',
      certified_at: 1,
      unverified: 0,
    })
    .execute();
}

describe('order that suspends mail', () => {
  it('hold (default): waiting and new mail arrives once and in order after the order, also under a suspended device', async () => {
    const { connector, bilal, letter } = await scene();
    const link = await new TestLink(bilal.tls).hello({ mail: true });
    links.push(link);
    const number = await order();
    const before = letter('before');
    await send(connector, before);
    anHour();
    await until(async () => expect(await said(connector)).toEqual([`held ${number}`]));
    expect(await said(bilal)).toEqual([]);
    const blocked = await ask(bilal.tls, 'GET', piece(before.mail.pieces[0]?.id ?? ''));
    expect([blocked.status, JSON.parse(blocked.body).context]).toMatchObject([
      451,
      { orders: [number], appeal: PROPOSAL.appeal },
    ]);
    expect(await send(connector, letter('during'))).toMatchObject({
      recipients: [{ outcome: 'held', denial: { order: number, appeal: PROPOSAL.appeal } }],
    });
    // The suspended device sends nothing, and acknowledges nothing that it may not have.
    expect((await ask(bilal.tls, 'PUT', piece(newName()), 'sealed')).status).toBe(451);
    const own = mailOf(of(bilal), [of(connector)]);
    expect(mailResponse.parse(JSON.parse((await post(bilal, '/device/mail', own.mail)).body))).toMatchObject({
      denial: { order: number, by: 'server' },
      recipients: [],
    });
    await post(bilal, '/device/mail/queue/received', { through: 2 });

    const heard = link.frames.filter(({ kind }) => kind === 'new-mail').length;
    await withdraw(number);
    await until(async () => expect(await said(bilal)).toEqual(['before', 'during']));
    await until(() => expect(link.frames.filter(({ kind }) => kind === 'new-mail').length).toBeGreaterThan(heard));
    await send(connector, letter('after'));
    expect(await take(bilal)).toEqual(['before', 'during', 'after']);
    expect(await take(bilal)).toEqual([]);
    const delivered = (await said(connector)).filter((event) => event.startsWith('delivered'));
    expect(delivered).toHaveLength(3);
  });

  it('deliver: what arrived before the order is delivered until the device has it, and new mail is held', async () => {
    const { connector, bilal, letter } = await scene();
    await order({ waiting: 'deliver' });
    const before = letter('before');
    await send(connector, before);
    anHour();
    await until(async () => expect(await said(bilal)).toEqual(['before']));
    expect(await outcomes(send(connector, letter('during')))).toEqual(['held']);
    expect((await ask(bilal.tls, 'GET', piece(before.mail.pieces[0]?.id ?? ''))).status).toBe(200);
    expect(await take(bilal)).toEqual(['before']);
    expect(await said(bilal)).toEqual([]);
  });

  it('return: waiting mail returns with the order and the appeal, and new mail is refused', async () => {
    const { connector, bilal, letter } = await scene();
    const number = await order({ waiting: 'return' });
    const waiting = letter('waiting');
    await send(connector, waiting);
    anHour();
    await until(async () =>
      expect(await queue(connector)).toMatchObject([
        {
          type: 'event',
          id: waiting.mail.id,
          device: bilal.id,
          event: 'returned',
          denial: { order: number, appeal: PROPOSAL.appeal, reasons: ['present'] },
        },
      ]),
    );
    expect(await outcomes(send(connector, letter('refused')))).toEqual(['refused']);
    await withdraw(number);
    await until(async () => expect(await outcomes(send(connector, letter('after')))).toEqual(['stored']));
    expect(await take(bilal)).toEqual(['after']);
  });

  it('an order about messaging alone leaves mail alone', async () => {
    const { connector, bilal, letter } = await scene();
    await order({ services: ['messaging'] });
    anHour();
    await send(connector, letter('hello'));
    expect(await take(bilal)).toEqual(['hello']);
  });
});

it('the end of the receiving enrollment returns waiting mail', async () => {
  const { connector, bilal, letter } = await scene();
  await send(connector, letter('waiting'));
  await world.enrollAgain(bilal.id);
  await until(async () => expect(await queue(connector)).toMatchObject([{ event: 'returned', denial: null }]));
});
