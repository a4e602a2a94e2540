/** Packs with many receipts and devices. Their creation lets other work run on the event loop. */
import { afterAll, expect, it } from 'vitest';
import { createAffectedDevices } from '../../server/orders/effect/affected-devices.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { readZip } from '../../shared/pack/zip.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrollment.ts';
import { longestTurn, settleMemory } from '../support/longest-turn.ts';
import { PROPOSAL } from '../support/order-world.ts';
import { ORDER, openPackWorld } from '../support/pack-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnSqlite } from './every-store.ts';

const { authority, remove } = testAuthority();
afterAll(remove);

describeOnSqlite('a pack of many receipts', (open) => {
  it('reads 10,000 receipts without blocking the event loop for more than 50 ms', async () => {
    const made = await openPackWorld(await open(), authority);
    const { ada, ben, proposer } = made.world.people;
    await made.world.approverSet([ada, ben], [ada, ben]);
    await made.world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
    const devices = await Promise.all(Array.from({ length: 500 }, () => made.addDevice()));
    for (let at = NOW; at < NOW + 20; at += 1) {
      await Promise.all(
        devices.map((device) => made.answer(device, { kind: 'displayed', at: new Date(at).toISOString() })),
      );
    }
    await made.verified();
    settleMemory();
    const longest = longestTurn();
    const zip = await made.pack(ORDER);
    expect(longest()).toBeLessThan(50);
    expect(readZip(zip).files.filter(({ name }) => name.startsWith('receipts/'))).toHaveLength(25);
    const { valid, findings } = await verifyPack(zip, made.fingerprint());
    expect(valid).toBe(true);
    expect(findings.some(({ words }) => words.startsWith('10000 receipts of 500 devices'))).toBe(true);
    await made.stop();
  }, 120_000);
});

describeOnSqlite('the affected devices of a large order', (open) => {
  it('records 100,000 devices and reads them for a pack without blocking the event loop for more than 50 ms', async () => {
    const database = await open();
    const made = await openPackWorld(database, authority);
    const { ada, ben, proposer } = made.world.people;
    await made.world.approverSet([ada, ben], [ada, ben]);
    await made.world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
    const denied = Array.from({ length: 100_000 }, () => ({ device: newDeviceId() }));
    const [rule] = made.world.orders.adoption.rules();
    if (!rule) throw new Error('the order is adopted');
    made.world.clock.jump(rule.effective - 1);
    const store = new ExecutionStore(database);
    const affected = createAffectedDevices({
      store,
      rules: () => [{ ...rule, effective: rule.effective - 1 }],
      clock: made.world.clock,
      denied: async () => denied,
      log: { warn: (fields) => expect(fields).toBeNull() },
    });
    settleMemory();
    const longest = longestTurn();
    await affected.run();
    expect(longest()).toBeLessThan(50);
    const { count } = await database.db
      .selectFrom('order_affected_devices')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(100_000);
    settleMemory();
    const reading = longestTurn();
    const zip = await made.pack(ORDER);
    expect(reading()).toBeLessThan(50);
    const { valid, findings } = await verifyPack(zip, made.fingerprint());
    expect(valid).toBe(true);
    expect(findings.some(({ words }) => words.includes('100000 devices and 100000 devices by'))).toBe(true);
    await made.stop();
  }, 120_000);
});
