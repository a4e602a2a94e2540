/** Effects of orders on mail, with real orders that take effect and end. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderTerms } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { entriesOf, hand, type Mail, mailFor, openMailbox, postOf, said } from '../../tests/support/mailbox-link.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { until } from '../../tests/support/until.ts';

const HOUR = 3_600_000;
const ATTACHMENT = 'A'.repeat(43);

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

async function connect(device: TestDevice): Promise<TestLink> {
  const link = await new TestLink(device.tls).hello();
  links.push(link);
  return link;
}
/** An adopted order that takes effect in an hour. */
async function order(more: Partial<OrderTerms> = {}): Promise<string> {
  const { people } = world;
  const effective = new Date(world.clock.now() + HOUR).toISOString();
  const made = await world.orders.drafting.propose(people.proposer.id, {
    ...PROPOSAL,
    services: ['messaging'],
    effective,
    ...more,
  });
  for (const person of [people.ada, people.ben]) await world.sign(made.order, 1, person);
  return made.order;
}
async function adopt(number: string, kind: 'withdraw', revision = 2): Promise<void> {
  const { people } = world;
  await world.orders.drafting.proposeAction(people.proposer.id, number, { action: kind });
  for (const person of [people.ada, people.ben]) await world.sign(number, revision, person);
}
const anHour = () => world.clock.jump(world.clock.now() + HOUR);
const deliveryReports = (mail: readonly Mail[]) => mail.filter(({ item }) => item.type === 'delivery-report').map(said);
const seqs = (link: TestLink) => entriesOf(link).map(({ seq }) => seq);

/** Amina is outside the order's area; Bilal is inside. */
async function scene() {
  const [amina, bilal] = [await world.enroll('SE'), await world.enroll('PK')];
  const here = await connect(amina);
  await openMailbox(here);
  const post = (text: string, more = {}) => hand(here, postOf([bilal.id], text, more));
  return { amina, bilal, here, post };
}
const outcome = async (answer: ReturnType<typeof hand>, device: DeviceId) =>
  (await answer).recipients.find((each) => each.device === device);

describe('order that denies messaging to the recipient', () => {
  it('hold (default): waiting and new mail is delivered once, in order, after the order', async () => {
    const { bilal, here, post } = await scene();
    const number = await order();
    for (const text of ['one', 'two']) await post(text);
    anHour();
    expect(deliveryReports(await mailFor(here, 2))).toEqual([`held ${number}`, `held ${number}`]);
    const heldRecipient = {
      outcome: 'held',
      denial: { code: 'service_denied', order: number, reasons: ['present'], appeal: PROPOSAL.appeal, by: 'server' },
    };
    expect(await outcome(post('three'), bilal.id)).toMatchObject(heldRecipient);
    expect(await outcome(post('commit', { keep: true }), bilal.id)).toMatchObject(heldRecipient);
    const there = await connect(bilal);
    await openMailbox(there);
    await delay(50);
    expect(entriesOf(there)).toEqual([]);

    await adopt(number, 'withdraw');
    expect((await mailFor(there, 4)).map(said)).toEqual(['one', 'two', 'three', 'commit']);
    expect(seqs(there)).toEqual([1, 2, 3, 4]);
    expect(deliveryReports(await mailFor(here, 6)).slice(2)).toEqual(Array(4).fill(`released ${number}`));
    there.send({ kind: 'entries-stored', through: 4 });
    await openMailbox(there);
    await delay(50);
    expect(entriesOf(there)).toEqual([]);
  });

  it('deliver: mail that was accepted before the order is delivered, and no later mail', async () => {
    const { bilal, here, post } = await scene();
    const number = await order({ waiting: 'deliver' });
    for (const text of ['one', 'two']) await post(text);
    anHour();
    for (const after of [post('three'), post('commit', { keep: true })]) {
      expect(await outcome(after, bilal.id)).toMatchObject({ outcome: 'held' });
    }
    const there = await connect(bilal);
    await openMailbox(there);
    expect((await mailFor(there, 2)).map(said)).toEqual(['one', 'two']);
    there.send({ kind: 'entries-stored', through: 2 });
    await openMailbox(there);
    await delay(50);
    expect([entriesOf(there), deliveryReports(entriesOf(here))]).toEqual([[], []]);
    await adopt(number, 'withdraw');
    expect((await mailFor(there, 2)).map(said)).toEqual(['three', 'commit']);
    expect(deliveryReports(await mailFor(here, 2))).toEqual(Array(2).fill(`released ${number}`));
  });

  it('return: waiting mail is returned, except commits, which the device needs later', async () => {
    const { bilal, here, post } = await scene();
    const number = await order({ waiting: 'return' });
    const one = await post('one');
    await post('welcome', { keep: true });
    anHour();
    const back = await mailFor(here, 2);
    expect(back.map(({ item }) => item)).toEqual([
      {
        type: 'delivery-report',
        id: one.id,
        device: bilal.id,
        status: 'returned',
        order: number,
        at: world.clock.now(),
      },
      expect.objectContaining({ status: 'held', order: number }),
    ]);
    expect(await outcome(post('two'), bilal.id)).toMatchObject({ outcome: 'refused', denial: { order: number } });
    await adopt(number, 'withdraw');
    const there = await connect(bilal);
    await openMailbox(there);
    expect((await mailFor(there, 1)).map(said)).toEqual(['welcome']);
  });

  it('several orders: the strictest decides, also a later one, and a milder one releases nothing', async () => {
    const { bilal, here, post } = await scene();
    await order({ waiting: 'deliver' });
    await post('one');
    await post('kept', { keep: true });
    anHour();
    const later = await order({ waiting: 'return' });
    anHour();
    expect(deliveryReports(await mailFor(here, 2))).toEqual([`returned ${later}`, `held ${later}`]);
    await adopt(later, 'withdraw');
    const there = await connect(bilal);
    await openMailbox(there);
    await delay(100);
    expect(entriesOf(there)).toEqual([]);
  });

  it('reports mail as delivered that was in transit when the order took effect', async () => {
    const { bilal, here, post } = await scene();
    const number = await order();
    const there = await connect(bilal);
    await openMailbox(there);
    await post('one');
    await mailFor(there, 1);
    anHour();
    await mailFor(here, 1);
    there.send({ kind: 'entries-stored', through: 1 });
    expect(deliveryReports(await mailFor(here, 2))).toEqual([`held ${number}`, 'released -']);
  });

  it('lost wake: the next maintenance run applies the order', async () => {
    const { here, post } = await scene();
    await post('one');
    const number = await order();
    // Restore the mailbox to the state before the wakes, as if the wakes had been lost.
    anHour();
    await mailFor(here, 1);
    await world.database.db.updateTable('mailbox_entries').set({ holding_order: null }).execute();
    await world.database.db.updateTable('mailboxes').set({ gate: 'open' }).execute();
    await until(async () => {
      await world.relay.maintain();
      expect(deliveryReports(entriesOf(here))).toEqual([`held ${number}`, `held ${number}`]);
    });
  });
});

describe('order that denies messaging to the sender', () => {
  it('refuses the whole post with the reason, stores nothing, and accepts the same post after the order', async () => {
    const [amina, bilal] = [await world.enroll('PK'), await world.enroll('SE')];
    const [here, there] = [await connect(amina), await connect(bilal)];
    await openMailbox(there);
    const before = postOf([bilal.id], 'before');
    const accepted = await hand(here, before);
    const number = await order();
    anHour();
    const post = postOf([bilal.id], 'after', { keep: true });
    const refused = await hand(here, post);
    expect(refused).toMatchObject({ outcome: 'refused', recipients: [], denial: { order: number, by: 'server' } });
    expect(refused.denial?.detail).toContain('sender');
    // A post that was accepted before remains accepted when its sender repeats it.
    expect(await hand(here, before)).toEqual(accepted);
    await adopt(number, 'withdraw');
    expect((await hand(here, post)).outcome).toBe('accepted');
    expect((await mailFor(there, 2)).map(said)).toEqual(['before', 'after']);
  });
});

it('holds mail while a device is inside the order’s area, and delivers it after the device’s return', async () => {
  const { bilal, here, post } = await scene();
  const number = await order({ areas: ['AE'], nexus: ['present'] });
  anHour();
  const there = await connect(bilal);
  await openMailbox(there);
  await post('at home');
  await mailFor(there, 1);
  there.send({ kind: 'entries-stored', through: 1 });
  world.move(bilal.id, 'AE');
  expect(await outcome(post('commit', { keep: true }), bilal.id)).toMatchObject({ outcome: 'held' });
  await delay(50);
  expect(entriesOf(there)).toHaveLength(1);
  world.move(bilal.id, 'PK');
  expect((await mailFor(there, 2)).map(said)).toEqual(['at home', 'commit']);
  expect(deliveryReports(await mailFor(here, 1))).toEqual([`released ${number}`]);
});

describe('policy that restricts the services of a device that does not comply', () => {
  it('refuses its messages with the reason, keeps messages to it, and delivers them after the restriction', async () => {
    const { amina, bilal, here, post } = await scene();
    const there = await connect(bilal);
    await openMailbox(there);
    world.restricted.add(bilal.id);
    expect(await outcome(post('one'), bilal.id)).toMatchObject({ outcome: 'stored', denial: null });
    await post('two');
    expect(await hand(there, postOf([amina.id], 'mine'))).toMatchObject({
      outcome: 'refused',
      denial: { code: 'not_compliant', order: null, by: 'server' },
    });
    const upload = await ask(bilal.tls, 'PUT', `/device/attachments/${ATTACHMENT}`, Buffer.from('file'));
    expect([upload.status, JSON.parse(upload.body).code]).toEqual([451, 'service_denied']);
    const again = await connect(bilal);
    await openMailbox(again);
    expect(entriesOf(again)).toEqual([]);

    world.restricted.delete(bilal.id);
    world.bus.publish({ kind: 'mailbox', devices: [bilal.id] });
    expect((await mailFor(again, 2)).map(said)).toEqual(['one', 'two']);
    expect(await hand(again, postOf([amina.id], 'mine'))).toMatchObject({ outcome: 'accepted' });
    expect((await mailFor(here, 1)).map(said)).toContain('mine');
  });
});
