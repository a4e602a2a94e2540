import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { CLOSE } from '../../shared/protocol/frames.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { INSTALLATION } from '../../tests/support/signed-documents.ts';
import { until } from '../../tests/support/until.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;

describe('order that suspends management', () => {
  it('closes the link with 4451 after the receipt, refuses it with 451, and ends with the withdrawal', async () => {
    const { people } = world;
    const [inside, outside] = [await world.enroll('PK'), await world.enroll('SE')];
    const [affected, unaffected] = [await connected(inside), await connected(outside)];
    const before = (await affected.next('list')).envelope;
    const services = ['management', 'messaging'] as const;
    const { order } = await world.orders.drafting.propose(people.proposer.id, { ...PROPOSAL, services: [...services] });
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    await until(() => expect(affected.frames.filter(({ kind }) => kind === 'list')).toHaveLength(2));
    const version = world.orders.list.current()?.version ?? 0;
    affected.send({ kind: 'have', list: version, record: 1, approverSet: 1 });
    world.clock.jump(Date.parse('2015-11-30T19:00:00.000Z'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The session stays open until the receipt is stored.
    expect(affected.socket.readyState).toBe(1);
    const receipt = makeReceipt(
      {
        installation: INSTALLATION,
        device: inside.id,
        generation: 1,
        kind: 'enforced',
        listVersion: version,
        order,
        revision: 1,
        service: 'management',
        gate: 'closed',
        at: '2015-11-30T19:00:00.000Z',
      },
      inside.signer,
    );
    affected.send({ kind: 'have', list: world.orders.list.current()?.version ?? 0, record: 1, approverSet: 1 });
    affected.send({ kind: 'report', seq: 1, item: { type: 'receipt', envelope: receipt } });
    await affected.next('reports-stored');
    expect(await affected.closed).toMatchObject({ code: CLOSE.denied, reason: `order ${order}` });
    expect(unaffected.socket.readyState).toBe(1);

    const { status, headers, body } = await new TestLink(inside.tls, '/link?list=1').refused;
    expect(status).toBe(451);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      link: `<https://operator.example/orders#${order}>; rel="blocked-by"`,
    });
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(300);
    const refusal = JSON.parse(body);
    expect(refusal).toMatchObject({ code: 'service_denied', list: world.orders.list.current()?.envelope });
    expect(refusal.list).not.toEqual(before);
    const current = world.orders.list.current()?.version ?? 0;
    const delivered = await new TestLink(inside.tls, `/link?list=${current}`).refused;
    expect(JSON.parse(delivered.body).list).toBeUndefined();

    // A refused device still receives documents over HTTPS.
    expect((await ask(inside.tls, 'GET', '/orders/list')).status).toBe(200);
    expect((await ask(inside.tls, 'GET', '/orders/approver-sets')).status).toBe(200);
    const seen = async () => {
      const { lastSeenAt, listVersion, recordStored } = (await presence(inside)) ?? expect.fail('it has connected');
      return [world.clock.now() - lastSeenAt, listVersion, recordStored];
    };
    world.clock.jump(world.clock.now() + 86_400_000);
    const had = (await presence(inside))?.listVersion;
    await new TestLink(inside.tls, '/link?list=1').refused;
    expect(await seen()).toEqual([0, had, 1]);
    world.clock.jump(world.clock.now() + 86_400_000);
    expect((await ask(inside.tls, 'GET', '/device/record')).status).toBe(200);
    expect(await seen()).toEqual([0, had, 1]);
    expect((await ask(inside.tls, 'GET', '/device/record?list=40&record=3&approverSet=1')).status).toBe(200);
    expect(await seen()).toEqual([0, 40, 3]);
    for (const query of ['list=1', 'list=1&record=-1&approverSet=1', 'list=1&record=1&approverSet=1&x=1'])
      expect((await ask(inside.tls, 'GET', `/device/record?${query}`)).status).toBe(400);
    const posted = await ask(inside.tls, 'POST', '/device/receipts', JSON.stringify({ envelopes: [receipt] }));
    expect(JSON.parse(posted.body)).toEqual({ stored: 1, refused: [] });

    // A device may report its position. The server refuses a reported address and still stores the other observations.
    const at = world.clock.now();
    const observations = [
      { source: 'position', areas: ['AE'], at, whole: true },
      { source: 'address', areas: ['AE'], at },
    ];
    const evidence = await ask(inside.tls, 'POST', '/device/evidence', JSON.stringify({ observations }));
    expect(JSON.parse(evidence.body)).toMatchObject({ stored: 1, refused: [expect.stringContaining('address')] });
    expect(await world.alertCodes(inside.id)).toContain('report_refused');

    await world.orders.drafting.proposeAction(people.proposer.id, order, { action: 'withdraw' });
    for (const person of [people.ada, people.ben]) await world.sign(order, 2, person);
    const back = await connected(inside);
    expect(back.socket.readyState).toBe(1);
    back.socket.close();
    unaffected.socket.close();
  });
});
