import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import type { Database } from '../../server/store/database.ts';
import { MOST_EXEMPT, type Receipt } from '../../shared/order/documents.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { asNewDevice, entryKinds, isDenied, openApprovedWorld, orderState } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { INSTALLATION, NOW } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
const HOUR = 3_600_000;

describeOnEveryStore('orders', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openApprovedWorld(database);
    return world.people;
  }

  it('rejects proposals before an approver set is adopted', async () => {
    world = await openOrderWorld(await openStore());
    expect(await codeOfAsync(world.orders.drafting.propose(world.people.proposer.id, PROPOSAL))).toBe(
      'approvers_required',
    );
    expect(world.orders.list.current()).toBeNull();
    expect(world.orders.approverSets.version()).toBe(0);
  });

  it('proposes, adopts, lists, enforces and withdraws an order', async () => {
    const { proposer, ada, ben } = await begin();
    const [resident, other] = [world.addDevice('PK'), world.addDevice('CA')];
    const { order, revision, payload } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    expect([order, revision]).toEqual(['2015-001', 1]);
    expect(payload).toContain('"effective":"2015-11-30T19:00:00.000Z"');
    expect(await world.sign(order, 1, ada)).toMatchObject({ adopted: false, code: 'second_approver_required' });
    expect(world.orders.list.current()?.version).toBe(1);
    expect(await world.sign(order, 1, ben)).toMatchObject({ adopted: true, code: null });
    expect(world.orders.list.current()?.version).toBe(2);
    expect(asNewDevice(world).orders.get(order)?.revision.revision).toBe(1);
    expect(asNewDevice(world).alerts).toEqual([]);
    expect((await world.orders.impact.affected(order)).map(({ device }) => device)).toEqual([resident]);

    expect(await isDenied(world.orders, resident)).toBe(false);
    world.clock.jump(EFFECTIVE - 1);
    expect(await isDenied(world.orders, resident)).toBe(false);
    await turn();
    world.wakes.length = 0;
    world.clock.jump(EFFECTIVE);
    expect([await isDenied(world.orders, resident), await isDenied(world.orders, other)]).toEqual([true, false]);
    await turn();
    await turn();
    expect(world.wakes).toContainEqual({ kind: 'verdicts', devices: expect.arrayContaining([resident]) });

    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await world.sign(order, 2, ada);
    expect(await isDenied(world.orders, resident)).toBe(true);
    await world.sign(order, 2, ben);
    expect(await isDenied(world.orders, resident)).toBe(false);
    expect(asNewDevice(world).orders.get(order)?.revision.status).toBe('withdrawn');
    expect(await codeOfAsync(world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise' }))).toBe(
      'order_closed',
    );
    expect((await world.orders.adoption.get(order)).status).toBe('withdrawn');
    const executed = async () => (await world.orders.adoption.get(order)).executions;
    await until(async () => expect(await executed()).toHaveLength(2));
    expect(await executed()).toEqual([
      { revision: 1, state: 'active', at: EFFECTIVE },
      { revision: 2, state: 'inactive', at: EFFECTIVE },
    ]);
    const logged = (await entryKinds(database)).filter((kind) => kind !== 'order.list');
    expect(logged.filter((kind) => kind === 'order.executed')).toHaveLength(2);
    expect(logged.filter((kind) => kind !== 'order.executed')).toEqual([
      'approvers.adopted',
      'order.revision',
      'order.approval',
      'order.approval',
      'order.adopted',
      'order.revision',
      'order.approval',
      'order.approval',
      'order.adopted',
    ]);
  });

  it('records the start of an order once, by the server that noticed it', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.sign(order, 1, ben);
    await world.orders.stop();
    world.clock.jump(EFFECTIVE + HOUR);
    const again = await world.reopen();
    // A restart or a second node records no second start.
    await (await world.reopen()).stop();
    expect((await again.adoption.get(order)).executions).toEqual([
      { revision: 1, state: 'active', at: EFFECTIVE + HOUR },
    ]);
    expect((await entryKinds(database)).filter((kind) => kind === 'order.executed')).toHaveLength(1);
    await again.stop();
  });

  it('case 33: blocks a device that one of two orders exempts, and names the blocking order', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const deny = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const spare = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt: [{ device }] });
    expect(spare.order).toBe('2015-002');
    for (const { order } of [deny, spare]) for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE);
    const { messaging } = (await world.orders.effect.verdict(device)).services;
    expect(messaging.allowed).toBe(false);
    expect(messaging.denials.map(({ order }) => order)).toEqual([deny.order]);
    expect(messaging.reasons).toContain('exempt');
  });

  it('enforces an order at once whose start passed while no server ran', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.orders.stop();
    const again = await world.reopen();
    await world.sign(order, 1, ben);
    await again.stop();
    world.clock.jump(EFFECTIVE + 48 * HOUR);
    const last = await world.reopen();
    expect(await isDenied(last, device)).toBe(true);
    expect(asNewDevice(world).expired).toBe(false);
  });

  it('rejects an order with too many exempt devices, and stores nothing', async () => {
    const { proposer } = await begin();
    for (let count = 0; count <= MOST_EXEMPT; count += 1) world.addDevice('PK');
    const before = await orderState(world, database);
    const exempt = [{ group: world.group }];
    const draft = { ...PROPOSAL, exempt, action: 'propose' } as const;
    const { problems } = await world.orders.impact.preview(draft, () => undefined);
    expect(problems).toMatchObject([{ field: 'exempt', code: 'invalid_input' }]);
    expect(problems[0]?.detail).toContain('20001 devices');
    expect(await codeOfAsync(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt }))).toBe(
      'invalid_input',
    );
    expect(await orderState(world, database)).toEqual(before);
    expect(await world.orders.adoption.list()).toEqual([]);
  });

  it('stores receipts at once, and counts only verified receipts', async () => {
    const { ada, ben, proposer } = await begin();
    await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign('2015-001', 1, person);
    const folder = mkdtempSync(join(tmpdir(), 'cordon-receipts-'));
    try {
      const passphrase = 'for a test only, long enough';
      const authority = openAuthority({ folder, passphrase, organization: 'Test', serverNames: ['localhost'] });
      const device = world.addDevice('PK');
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
      const { serial, der, fingerprint, notBefore, notAfter } = authority.issue({
        profile: 'device',
        spki,
        commonName: device,
        uris: [`urn:cordon:device:${device}:1`],
      });
      await database.db
        .insertInto('certificates')
        .values({
          serial,
          device_id: device,
          generation: 1,
          profile: 'device',
          fingerprint,
          der: der.toString('base64'),
          not_before: notBefore,
          not_after: notAfter,
          issued_at: notBefore,
          revoked_at: null,
          revocation_reason: null,
          superseded_at: null,
        })
        .execute();
      const receipt: Receipt = {
        installation: INSTALLATION,
        device,
        generation: 1,
        kind: 'enforced',
        listVersion: world.orders.list.current()?.version ?? 0,
        order: '2015-001',
        revision: 1,
        service: 'messaging',
        gate: 'closed',
        at: new Date(NOW).toISOString(),
      };
      const good = makeReceipt(receipt, signerOf(pair.privateKey));
      const stranger = signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
      const { orders } = world;
      await orders.receipts.store(device, 1, good);
      await orders.receipts.store(device, 1, good);
      await orders.receipts.store(device, 1, makeReceipt({ ...receipt, revision: 2 }, stranger));
      await expect.poll(() => world.alerts).toEqual(['receipt_invalid']);
      await expect
        .poll(() => orders.receipts.ofOrder('2015-001', device))
        .toMatchObject([{ device, generation: 1, receipt }]);
      expect(await orders.receipts.ofDevice(device)).toMatchObject([{ device, generation: 1, receipt }]);
      expect(await orders.receipts.ofDevice(world.addDevice('PK'))).toEqual([]);
      expect(await codeOfAsync(orders.receipts.store(device, 2, good))).toBe('conflict');
      expect(await codeOfAsync(orders.receipts.store(world.addDevice('PK'), 1, good))).toBe('conflict');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
