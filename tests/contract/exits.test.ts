/** Exits on every store: receipts of devices, and the end of their enrollments. */
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { createHolds } from '../../server/holds/holds.ts';
import { SILENT_AFTER } from '../../server/orders/exit/exit-progress.ts';
import type { Database } from '../../server/store/database.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { ProposalStore } from '../../server/store/proposal-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { testAuthority } from '../support/enrollment.ts';
import { type ExitWorld, openExitWorld } from '../support/exit-world.ts';
import { PROPOSAL } from '../support/order-world.ts';
import { ORDER, type PackDevice, type PackWorld } from '../support/pack-world.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const { authority, remove } = testAuthority();
afterAll(remove);

describeOnEveryStore('an exit', (open) => {
  let exit: ExitWorld;
  let database: Database;
  let made: PackWorld;
  beforeEach(async () => {
    database = await open();
    exit = await openExitWorld(database, authority);
    made = exit.packs;
  });
  afterEach(() => made.stop());

  it('can be proposed after the export window, and only for an order with exit mode', async () => {
    const code = (work: Promise<unknown>) =>
      work.then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await code(exit.act('exit'))).toBe('exit_too_early');
    exit.endExportWindow();
    await exit.act('pause');
    const { ada, proposer } = made.world.people;
    await made.world.sign(ORDER, 2, ada);
    expect(await code(exit.act('exit'))).toBe('action_not_allowed');
    const other = await made.world.orders.drafting.propose(proposer.id, { ...PROPOSAL, effective: '2017-01-01T00:00' });
    for (const person of [ada, made.world.people.ben]) await made.world.sign(other.order, 1, person);
    made.world.clock.jump(Date.parse('2018-01-01T00:00:00.000Z'));
    expect(await code(made.world.orders.drafting.proposeAction(proposer.id, other.order, { action: 'exit' }))).toBe(
      'exit_not_stated',
    );
  });

  it('needs two approvals of its own, besides those of the order', async () => {
    exit.endExportWindow();
    const revision = await exit.act('exit');
    const { ada, proposer } = made.world.people;
    expect(await made.world.sign(ORDER, revision, ada)).toMatchObject({ adopted: false });
    await expect(made.world.sign(ORDER, revision, { ...proposer })).rejects.toMatchObject({ code: 'approver_unknown' });
    expect(await exit.progress()).toBeNull();
  });

  it('ignores receipts of other devices, and ends wiped devices even after a withdrawal', async () => {
    const [one, other] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await made.answer({ ...one, key: other.key }, { kind: 'wiped', revision });
    await until(() => expect(made.world.alerts).toContain('receipt_invalid'), 20_000);
    expect(await exit.statusOf(one)).toBe('active');
    await exit.approve(await exit.act('withdraw'));
    await made.answer(other, { kind: 'wiped', revision });
    await exit.waitForEnd(other);
    expect(await exit.statusOf(one)).toBe('active');
  });

  it('ignores receipts about unknown revisions and revisions without an exit', async () => {
    const [early, liar, honest] = [await exit.addDevice(), await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(early, 'wiped', 1);
    await exit.report(liar, 'wiped', 999);
    await exit.report(honest, 'wiped', revision);
    await exit.waitForEnd(honest);
    expect([await exit.statusOf(early), await exit.statusOf(liar)]).toEqual(['active', 'active']);
    expect(await exit.progress()).toMatchObject({ wiped: 1 });
  });

  it('ends only devices without any answer after a month', async () => {
    const [silent, hears] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(hears, 'delivered', revision);
    made.world.clock.jump(made.world.clock.now() + SILENT_AFTER - 1);
    await until(async () => expect(await exit.progress()).toMatchObject({ unanswered: 1, waiting: 1 }));
    expect(await exit.statusOf(silent)).toBe('active');
    made.world.clock.jump(made.world.clock.now() + 1);
    await exit.waitForEnd(silent);
    expect(await exit.statusOf(hears)).toBe('active');
    expect(await exit.progress()).toMatchObject({ silent: 1, wiped: 0, waiting: 1, unanswered: 0 });
  });

  it('stops at the end of its order: no device is ended or counted afterward', async () => {
    const silent = [await exit.addDevice(), await exit.addDevice()];
    const [row] = await new OrderStore(database).revisions(ORDER);
    if (!row) throw new Error('there is an order');
    const { approvals: _approvals, ...first } = row;
    const document = JSON.parse(first.payload);
    const end = exit.effective + 45 * DAY;
    const terms = { ...document.terms, until: new Date(end).toISOString() };
    const changes = { revision: 2, previous: first.digest, action: 'revise' } as const;
    const payload = canonicalText({ ...document, ...changes, terms });
    const digest = sha256(payload);
    await new ProposalStore(database).appendRevision(
      {
        revision: {
          ...first,
          ...changes,
          payload,
          digest,
          state: 'waiting',
          adoptedAt: null,
          listedIn: null,
        },
        title: terms.title,
        exemptions: [],
        documents: [],
        decision: null,
      },
      {
        kind: 'order.revision',
        at: made.world.clock.now(),
        subject: made.world.people.proposer.id,
        public: { order: ORDER, revision: 2, action: 'revise', digest },
      },
    );
    await exit.approve(2);
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await until(async () => expect(await exit.progress()).toMatchObject({ revision, unanswered: 2 }));
    made.world.clock.jump(end - 1);
    expect(await exit.progress()).toMatchObject({ unanswered: 2 });
    made.world.clock.jump(end);
    expect(await exit.progress()).toBeNull();
    await expect(exit.act('exit')).rejects.toMatchObject({ code: 'action_not_allowed' });
    made.world.clock.jump(end + SILENT_AFTER);
    await searchForSilent();
    // Wait for all searches that have started.
    await made.world.orders.stop();
    expect(await Promise.all(silent.map(exit.statusOf))).toEqual(['active', 'active']);
  });

  /** Searches for silent devices, as the server does at its start and daily. */
  const searchForSilent = async () => {
    await made.world.orders.stop();
    await made.world.reopen();
  };

  const setHome = (one: PackDevice, home: 'PK' | 'IN') => {
    const place = made.world.devices.get(one.id);
    if (place) made.world.devices.set(one.id, { ...place, home: parseHomeArea(home) });
  };

  it('gives a full month to devices that the order affects later: new, enrolled again, or moved back', async () => {
    const { clock } = made.world;
    const [again, back] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await searchForSilent();
    clock.jump(clock.now() + 10 * DAY);
    setHome(back, 'IN');
    await searchForSilent();
    clock.jump(clock.now() + 30 * DAY - 10 * DAY - 1);
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', again.id).execute();
    setHome(back, 'PK');
    const late = await exit.addDevice();
    await searchForSilent();
    clock.jump(clock.now() + SILENT_AFTER - 1);
    await searchForSilent();
    for (const one of [again, back, late]) expect(await exit.statusOf(one)).toBe('active');
    clock.jump(clock.now() + 1);
    for (const one of [again, back, late]) await exit.waitForEnd(one);
    expect(await exit.progress()).toMatchObject({ silent: 3, unanswered: 0 });
  });

  it('computes its progress once for simultaneous requests, and again after the cache expires', async () => {
    const one = await exit.addDevice();
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    const { orders } = made.world;
    const looks = await Promise.all([orders.exit.progress(ORDER), orders.exit.progress(ORDER)]);
    expect(looks[0]).toMatchObject({ revision, unanswered: 1 });
    expect(looks[1]).toBe(looks[0]);
    expect(await orders.exit.progressAnew(ORDER)).not.toBe(looks[0]);
    await exit.report(one, 'delivered', revision);
    await until(
      async () => expect(await orders.exit.progress(ORDER)).toMatchObject({ unanswered: 0, waiting: 1 }),
      20_000,
    );
  });

  it('counts devices under a legal hold, and ends them after its release', async () => {
    const [gone, silent] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    const { clock, bus, orders } = made.world;
    const log = { error: () => undefined };
    const holds = createHolds({
      store: new HoldStore(database),
      records: orders.effect,
      bus,
      clock,
      log,
    });
    const because = { reason: 'a case', by: 'acc_counsel' };
    const [ofGone, ofSilent] = await Promise.all(
      [gone, silent].map(({ id }) => holds.place({ on: { device: id }, reference: null, ...because })),
    );
    await exit.report(gone, 'wiped', revision);
    clock.jump(clock.now() + SILENT_AFTER);
    await until(async () => expect(await exit.progress()).toMatchObject({ held: 2, wiped: 0, silent: 0 }));
    expect([await exit.statusOf(gone), await exit.statusOf(silent)]).toEqual(['active', 'active']);
    await holds.release(ofGone!.id, because);
    await exit.waitForEnd(gone);
    expect(await exit.statusOf(silent)).toBe('active');
    await holds.release(ofSilent!.id, because);
    await exit.waitForEnd(silent);
    expect(await exit.progress()).toMatchObject({ held: 0, wiped: 1, silent: 1 });
  });

  it('continues after a crash between the receipt and the end of the enrollment', async () => {
    const one = await exit.addDevice();
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await made.world.orders.stop();
    await made.answer(one, { kind: 'wiped', revision }).catch(() => undefined);
    await database.db.updateTable('receipts').set({ verified: 1 }).execute();
    expect(await exit.statusOf(one)).toBe('active');
    await made.world.reopen();
    await exit.waitForEnd(one);
  });
});
