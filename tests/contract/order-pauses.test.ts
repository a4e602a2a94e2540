import { afterEach, expect, it } from 'vitest';
import { asNewDevice, isDenied, openApprovedWorld } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
const HOUR = 3_600_000;

describeOnEveryStore('pauses of orders', (openStore) => {
  let world: OrderWorld;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    world = await openApprovedWorld(await openStore());
    return world.people;
  }

  it('ends a one-person pause after 72 hours, and keeps a two-person pause until it is resumed', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE - HOUR);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
    expect(asNewDevice(world).alerts).toEqual([]);
    expect(asNewDevice(world).orders.get(order)).toMatchObject({
      permanentPause: false,
      revision: { status: 'paused' },
    });
    expect((await world.orders.adoption.get(order)).pausedUntil).toBe(EFFECTIVE + 71 * HOUR);
    world.clock.jump(EFFECTIVE + HOUR);
    expect(await isDenied(world.orders, device)).toBe(false);
    world.clock.jump(EFFECTIVE + 71 * HOUR - 1);
    expect(await isDenied(world.orders, device)).toBe(false);
    world.clock.jump(EFFECTIVE + 71 * HOUR);
    expect(await isDenied(world.orders, device)).toBe(true);
    // A second pause by one person has no effect.
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    expect(await codeOfAsync(world.sign(order, 3, ada))).toBe('same_person');
    expect(await world.sign(order, 3, ben)).toMatchObject({ adopted: false, code: 'second_approver_required' });
    expect(await isDenied(world.orders, device)).toBe(true);
    expect(await world.sign(order, 3, cyd)).toMatchObject({ adopted: true });
    expect(await isDenied(world.orders, device)).toBe(false);
    world.clock.jump(EFFECTIVE + 1000 * HOUR);
    expect(await isDenied(world.orders, device)).toBe(false);
    expect(asNewDevice(world).alerts).toEqual([]);
    // A resumed order whose start has passed takes effect at once.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'resume' });
    for (const person of [ada, ben]) await world.sign(order, 4, person);
    expect(await isDenied(world.orders, device)).toBe(true);
  });

  it('makes a pause permanent when a second person approves it', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const { version } = world.orders.list.current() ?? { version: 0 };
    expect(await world.sign(order, 2, ben)).toMatchObject({ adopted: true });
    expect(world.orders.list.current()?.version).toBe(version + 1);
    world.clock.jump(EFFECTIVE + HOUR);
    expect(await isDenied(world.orders, device)).toBe(false);
    expect(asNewDevice(world).orders.get(order)?.permanentPause).toBe(true);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'paused', pausedUntil: null });
  });

  it('rejects approvals of a change that was proposed under a pause that has ended', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const later = new Date(EFFECTIVE + 1000 * HOUR).toISOString();
    const changed = await world.orders.drafting.proposeAction(proposer.id, order, { action: 'extend', until: later });
    expect(JSON.parse(changed.payload)).toMatchObject({ status: 'paused', terms: { until: later } });
    world.clock.jump(EFFECTIVE + 72 * HOUR - 1);
    expect(await world.sign(order, 3, ben)).toMatchObject({ adopted: false });
    world.clock.jump(EFFECTIVE + 72 * HOUR);
    expect(await isDenied(world.orders, device)).toBe(true);
    expect(await codeOfAsync(world.sign(order, 3, cyd))).toBe('action_not_allowed');
    expect(await isDenied(world.orders, device)).toBe(true);
    expect((await world.orders.adoption.get(order)).revisions[2]).toMatchObject({ state: 'waiting', approvals: [{}] });
    // A new proposal is based on the active order, which remains active.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'extend', until: later });
    for (const person of [ben, cyd]) await world.sign(order, 4, person);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'active', adoptedRevision: 4 });
    expect(await isDenied(world.orders, device)).toBe(true);
  });

  it('makes a one-person pause permanent when two people approve a change of the paused order', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const warned = async () => (await world.orders.impact.warnings(order, 3)).map((warning) => warning.code);
    const { warnings } = await world.orders.impact.preview(
      { action: 'revise', order, title: 'Other' },
      () => undefined,
    );
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Other' });
    const lapses = new Date(EFFECTIVE + 72 * HOUR).toISOString();
    expect(warnings[0]).toMatchObject({ code: 'pause_without_end', detail: expect.stringContaining(lapses) });
    expect(await warned()).toContain('pause_without_end');
    for (const person of [ben, cyd]) await world.sign(order, 3, person);
    expect(await warned()).not.toContain('pause_without_end');
    world.clock.jump(EFFECTIVE + 100 * HOUR);
    expect(await isDenied(world.orders, device)).toBe(false);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Another' });
    for (const person of [ben, cyd]) expect(await world.sign(order, 4, person)).toHaveProperty('adopted');
    expect(await world.orders.adoption.get(order)).toMatchObject({
      title: 'Another',
      status: 'paused',
      pausedUntil: null,
    });
  });
});
