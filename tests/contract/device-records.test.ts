import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { deviceRecordSchema, PAYLOAD_TYPES, revisionSchema } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { isDenied, openApprovedWorld } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');

describeOnEveryStore('device records of exempt devices', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openApprovedWorld(database);
    return world.people;
  }

  it('signs the record of an exempt device before the list, so that only the device opens its commitment', async () => {
    const { proposer, ada, ben } = await begin();
    const [mission, resident] = [world.addDevice('PK'), world.addDevice('PK')];
    const unknown = 'dev_aaaaaaaaaaaaaaaa' as DeviceId;
    expect(
      await codeOfAsync(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt: [{ device: unknown }] })),
    ).toBe('unknown_device');
    const { order, payload } = await world.orders.drafting.propose(proposer.id, {
      ...PROPOSAL,
      exempt: [{ device: mission }],
    });
    expect(payload).not.toContain(mission);
    await world.sign(order, 1, ada);
    await turn();
    world.wakes.length = 0;
    await world.sign(order, 1, ben);
    await turn();
    const heard = world.wakes.map(({ kind }) => kind);
    expect(heard.indexOf('device')).toBeLessThan(heard.indexOf('list'));
    expect((await world.orders.effect.record(mission))?.version).toBe(1);
    expect(await world.orders.effect.reissueRecord(mission)).toBe(false);
    expect(await world.orders.effect.reissueRecord(resident)).toBe(true);
    world.clock.jump(EFFECTIVE);
    expect([await isDenied(world.orders, mission), await isDenied(world.orders, resident)]).toEqual([false, true]);
    // An extension keeps the exempt devices and their salts.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'extend', effective: '2015-12-31T00:00' });
    for (const person of [ada, ben]) await world.sign(order, 2, person);
    expect(await world.orders.effect.reissueRecord(mission)).toBe(false);
    world.clock.jump(Date.parse('2015-12-30T19:00:00.000Z'));
    expect([await isDenied(world.orders, mission), await isDenied(world.orders, resident)]).toEqual([false, true]);
  });

  describe('the records of many exempt devices', () => {
    const MANY = 300;
    let order: string;
    let exempt: DeviceId[];
    const act = async (what: 'pause' | 'resume' | 'extend' | 'withdraw' | 'revise', more: object = {}) => {
      const { proposer, ada, ben } = world.people;
      const { revision } = await world.orders.drafting.proposeAction(proposer.id, order, { action: what, ...more });
      for (const person of [ada, ben]) await world.sign(order, revision, person);
    };
    const proposed = async () => {
      const { proposer, ada } = await begin();
      exempt = Array.from({ length: MANY }, () => world.addDevice('PK'));
      ({ order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt: [{ group: world.group }] }));
      await world.sign(order, 1, ada);
    };
    const versions = async () => {
      const records = await Promise.all(exempt.map((device) => world.orders.effect.record(device)));
      return records.map((record) => record?.version ?? 0);
    };
    const all = (version: number) => exempt.map(() => version);
    /** Number of commitments of the adopted revision that each device record opens. */
    const opened = async () => {
      const { payload } = await world.orders.adoption.revision(
        order,
        (await world.orders.adoption.get(order)).adoptedRevision ?? 0,
      );
      const revision = parseDocument(revisionSchema, Buffer.from(payload));
      const records = await Promise.all(exempt.map((device) => world.orders.effect.record(device)));
      return records.map((record, index) => {
        const said = record && parseDocument(deviceRecordSchema, payloadOf(record.envelope, PAYLOAD_TYPES.record));
        return exemptionsFor(exempt[index] ?? '', said, [revision]).length;
      });
    };
    /** Changes facts in the device records and signs no new records. */
    const changeFacts = () => {
      for (const device of exempt)
        world.devices.set(device, { ...world.devices.get(device)!, seat: parseHomeArea('GB') });
    };

    it('are signed at the adoption, and not again by later actions that change no exemption', async () => {
      await proposed();
      await world.sign(order, 1, world.people.ben);
      expect(await versions()).toEqual(all(1));
      expect(await opened()).toEqual(all(1));
      changeFacts();
      await act('extend', { effective: '2015-12-31T00:00' });
      await act('pause');
      await act('resume');
      expect(await versions()).toEqual(all(1));
      expect(await opened()).toEqual(all(1));
      const late = world.addDevice('PK');
      exempt.push(late);
      await act('revise', { exempt: [{ group: world.group }] });
      expect(await versions()).toEqual(all(1));
      expect(await opened()).toEqual(all(1));
      await act('withdraw');
      await world.reopen();
      expect(await versions()).toEqual(all(1));
    });

    it('are completed at the next start after a crash', async () => {
      await proposed();
      await world.sign(order, 1, world.people.ben);
      await database.db.deleteFrom('device_records').where('device_id', 'in', exempt.slice(100)).execute();
      await world.orders.stop();
      await world.reopen();
      expect(await opened()).toEqual(all(1));
    });

    it('are completed by the next action after one failed, and one failure stops no other record', async () => {
      await proposed();
      const [refused] = exempt;
      const { devices } = world;
      const get = devices.get.bind(devices);
      devices.get = (device) => {
        if (device === refused) throw new Error('the disk is full');
        return get(device);
      };
      await expect(world.sign(order, 1, world.people.ben)).rejects.toThrow('the disk is full');
      expect((await opened()).slice(1)).toEqual(all(1).slice(1));
      devices.get = get;
      await act('pause');
      expect(await opened()).toEqual(all(1));
    });
  });
});
