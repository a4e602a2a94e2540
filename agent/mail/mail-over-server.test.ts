/**
 * Mail engines of devices over a real server: TLS, HTTPS routes, store and orders. The connector's side uses `shared/seal`. A list names the
 * verified devices.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { ask, type GatewayWorld, openGatewayWorld, type TestDevice } from '../../tests/support/gateway-world.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { INSTALLATION } from '../../tests/support/signed-documents.ts';
import { until } from '../../tests/support/until.ts';
import type { Http } from '../link/http.ts';
import { createMailClient } from './mail-client.ts';

const HOUR = 3_600_000;

let server: GatewayWorld;
let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  server = await openGatewayWorld();
  const enroll = async (name: string, mailConnector: boolean) => {
    const device = await server.enroll(mailConnector ? 'SE' : 'PK', name, { mailConnector });
    const client = createMailClient({ deviceUrl: () => 'wss://localhost/', http: () => httpOf(device) });
    return { device: device.id, client };
  };
  world = new MailWorld({ enroll }, INSTALLATION);
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(async () => {
  await world.close();
  expect(server.complaints).toEqual([]);
  await server.close();
});

/** HTTPS of the device listener with the device's certificate. */
const httpOf =
  ({ tls }: TestDevice): Http =>
  async ({ pathname, search }, { method, body }) => {
    const { status, headers, bytes } = await ask(tls, method, `${pathname}${search}`, body);
    return { status, headers, body: bytes };
  };

const subjects = ({ mail }: MailDevice) =>
  mail.list('inbox', { before: null, limit: 100 }).map(({ subject }) => subject);
async function fetch({ mail }: MailDevice): Promise<void> {
  mail.newMail();
  await mail.maintain();
}
const delivery = (id: string) =>
  ada.mail.list('sent', { before: null, limit: 100 }).find((each) => each.id === id)?.delivery ?? null;
async function write(subject: string): Promise<string> {
  const id = await ada.mail.createDraft('new', null);
  await ada.mail.saveDraft(id, { to: 'zoe@example.org', cc: '', bcc: '', subject, text: 'Hello' });
  await ada.mail.sendDraft(id);
  await ada.mail.maintain();
  return id;
}
async function order(more: Partial<OrderTerms>): Promise<string> {
  const effective = new Date(server.clock.now() + HOUR).toISOString();
  const terms = { ...PROPOSAL, services: ['mail' as const], effective, ...more };
  const made = await server.orders.drafting.propose(server.people.proposer.id, terms);
  for (const person of [server.people.ada, server.people.ben]) await server.sign(made.order, 1, person);
  server.clock.jump(server.clock.now() + HOUR);
  return made.order;
}
async function withdraw(number: string): Promise<void> {
  await server.orders.drafting.proposeAction(server.people.proposer.id, number, { action: 'withdraw' });
  for (const person of [server.people.ada, server.people.ben]) await server.sign(number, 2, person);
}
const outcomes = (response: Awaited<ReturnType<TestConnector['deliver']>>) =>
  response.recipients.map(({ outcome }) => outcome);

describe('mail over a real server', () => {
  it('arrives on each device of the person, and a sent mail reaches connector and devices', async () => {
    const second = await world.enroll('Ada');
    expect(outcomes(await connector.deliver('Ada', letter('To both')))).toEqual(['stored', 'stored']);
    for (const device of [ada, second]) {
      await fetch(device);
      expect(subjects(device)).toEqual(['To both']);
      expect(device.failures).toEqual([]);
    }
    const id = await write('Out');
    expect(delivery(id)).toMatchObject({ state: 'sent' });
    expect((await connector.receive()).map(({ header }) => header.direction)).toEqual(['outbound']);
    await fetch(ada);
    expect(delivery(id)).toMatchObject({ state: 'delivered' });
    await fetch(second);
    expect(second.mail.list('sent', { before: null, limit: 9 })).toMatchObject([{ id, subject: 'Out' }]);
  });

  it('carries a mail in several pieces', async () => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    await connector.deliver('Ada', letter('Large', text));
    await fetch(ada);
    expect(
      Buffer.from(await ada.mail.source(ada.mail.list('inbox', { before: null, limit: 1 })[0]?.id ?? '')).length,
    ).toBeGreaterThan(text.length);
  });

  it('is accepted once by its id', async () => {
    const id = crypto.randomUUID();
    await connector.deliver('Ada', letter('Once'), { id });
    expect(outcomes(await connector.deliver('Ada', letter('Once'), { id }))).toEqual(['stored']);
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Once']);
  });

  it('that an order holds arrives once, in sequence, after the withdrawal', async () => {
    const number = await order({ waiting: 'hold' });
    for (const subject of ['First', 'Second']) {
      const response = await connector.deliver('Ada', letter(subject));
      expect(response.recipients).toMatchObject([{ outcome: 'held', denial: { order: number } }]);
    }
    await fetch(ada);
    expect(subjects(ada)).toEqual([]);
    await withdraw(number);
    await until(async () => {
      await fetch(ada);
      expect(subjects(ada)).toEqual(['Second', 'First']);
    });
  });

  it('that an order returns is refused with order and appeal', async () => {
    const number = await order({ waiting: 'return' });
    const response = await connector.deliver('Ada', letter('Refused'));
    expect(response.recipients).toMatchObject([
      { outcome: 'refused', denial: { order: number, appeal: PROPOSAL.appeal } },
    ]);
  });

  it('of a suspended sender waits on the device, and is sent once after the order', async () => {
    const number = await order({ waiting: 'hold' });
    const id = await write('Waits');
    expect(delivery(id)).toMatchObject({ state: 'waiting', denial: { order: number, appeal: PROPOSAL.appeal } });
    await withdraw(number);
    await until(async () => {
      ada.mail.welcomed();
      await ada.mail.maintain();
      expect(delivery(id)).toMatchObject({ state: 'sent' });
    });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('shows the events of an order on the connector', async () => {
    const id = await write('To Sweden');
    const number = await order({ waiting: 'hold', areas: ['SE'] });
    await until(async () => {
      await fetch(ada);
      expect(delivery(id)).toMatchObject({ state: 'held', denial: { order: number } });
    });
    await withdraw(number);
    await until(async () => {
      await fetch(ada);
      expect(delivery(id)).toMatchObject({ state: 'sent', denial: null });
    });
  });
});
