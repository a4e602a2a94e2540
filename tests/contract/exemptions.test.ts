/** Exemptions with an end: signed, continued by later revisions, renewed, and expired. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { ExemptDraft } from '../../server/orders/drafting/exemptions.ts';
import type { Orders } from '../../server/orders/orders.ts';
import { isCordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { deviceRecordSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { commitmentOf } from '../../shared/order/exemption.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';

import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
/** End of an exemption of ten days, as local time in the order's zone. */
const ENDS = '2015-12-11T00:00';
const END = EFFECTIVE + 240 * HOUR;
const LATER = '2016-01-01T00:00';

describeOnEveryStore('exemptions', (openStore) => {
  let world: OrderWorld;
  afterEach(async () => world.stop());

  async function begin(): Promise<{ mission: DeviceId; resident: DeviceId }> {
    world = await openOrderWorld(await openStore());
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    return { mission: world.addDevice('PK'), resident: world.addDevice('PK') };
  }
  const propose = async (exempt: ExemptDraft) =>
    (await world.orders.drafting.propose(world.people.proposer.id, { ...PROPOSAL, exempt } as typeof PROPOSAL)).order;
  async function adopt(order: string, revision: number, ...by: OrderWorld['people']['ada'][]): Promise<void> {
    const { ada, ben } = world.people;
    for (const person of by.length > 0 ? by : [ada, ben]) await world.sign(order, revision, person);
  }
  /** Approvals of the same instant have no order. */
  const listed = async (order: string, revision: number) =>
    (await world.orders.drafting.exemptions(order, revision)).map((one) => ({
      ...one,
      approvedBy: one.approvedBy.toSorted(),
    }));
  const mail = async (device: DeviceId, orders: Orders = world.orders) => {
    const { services, nextChange } = await orders.effect.verdict(device);
    const { allowed, reasons, denials } = services.mail;
    return { allowed, reasons, by: denials.map((denial) => denial.reasons), nextChange };
  };

  it('expire at their end, which the verdict names before, and the clock wakes the device', async () => {
    const { mission, resident } = await begin();
    const order = await propose([{ device: mission, until: ENDS, reason: 'A foreign mission.' }]);
    await adopt(order, 1);
    world.clock.jump(EFFECTIVE);
    expect(await mail(mission)).toEqual({ allowed: true, reasons: ['present', 'exempt'], by: [], nextChange: END });
    expect((await mail(resident)).allowed).toBe(false);
    world.clock.jump(END - 1);
    expect((await mail(mission)).allowed).toBe(true);
    await turn();
    world.wakes.length = 0;
    world.clock.jump(END);
    await turn();
    expect(world.wakes.flatMap((wake) => (wake.kind === 'verdicts' ? wake.devices : []))).toContain(mission);
    const [over, never] = [await mail(mission), await mail(resident)];
    expect(over).toMatchObject({ allowed: false, reasons: ['present', 'exemption_over'] });
    expect(over.by).toEqual([['present', 'exemption_over']]);
    expect(never.reasons).toEqual(['present']);
  });

  it('case 40: do not reveal the exempt device by signed data or by the salt of another device', async () => {
    const { mission, resident } = await begin();
    const order = await propose([{ device: mission }, { device: resident, reason: 'In confidence.' }]);
    await adopt(order, 1);
    const { payload } = await world.orders.adoption.revision(order, 1);
    const salts = await Promise.all(
      [mission, resident].map(async (device) => {
        const { envelope } = (await world.orders.effect.record(device)) ?? {};
        const record = parseDocument(deviceRecordSchema, payloadOf(envelope!, PAYLOAD_TYPES.record));
        return record.exemptions[0]?.salt ?? '';
      }),
    );
    const [own, others] = salts as [string, string];
    for (const word of [mission, resident, 'In confidence.', own, others]) expect(payload).not.toContain(word);
    for (const salt of ['', '0'.repeat(64), others]) expect(payload).not.toContain(commitmentOf(salt, mission));
    expect(payload).toContain(commitmentOf(own, mission));
  });

  it('that expired while no server ran are over at the next start', async () => {
    const { mission } = await begin();
    await adopt(await propose([{ device: mission, until: ENDS }]), 1);
    await world.stop();
    world.clock.jump(END);
    expect(await mail(mission, await world.reopen())).toMatchObject({ allowed: false });
  });

  it('are continued by revisions that do not mention them, and name the people who decided them', async () => {
    const { mission, resident } = await begin();
    const { proposer, ada, ben, cyd } = world.people;
    const order = await propose([
      { device: mission, until: ENDS, reason: ' A foreign mission. ' },
      { device: resident, until: null },
    ]);
    const those = async (revision: number) => new Set(await listed(order, revision));
    const first = { device: mission, until: END, reason: 'A foreign mission.', decidedIn: 1, proposedBy: proposer.id };
    const second = { ...first, device: resident, until: null, reason: null };
    const both = (approvedBy: readonly string[]) =>
      new Set([first, second].map((one) => ({ ...one, approvedBy: approvedBy.toSorted() })));
    expect(await those(1)).toEqual(both([]));
    await adopt(order, 1, ben, cyd);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'extend', effective: '2015-12-05T00:00' });
    expect(await those(2)).toEqual(both([ben.id, cyd.id]));
    await adopt(order, 2, ben, cyd);
    // A revision that was proposed and never adopted decides nothing.
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'revise', exempt: [] });
    expect(await those(3)).toEqual(new Set());
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'revise', title: 'Another title' });
    expect(await those(4)).toEqual(both([ben.id, cyd.id]));
    await adopt(order, 4, ben, cyd);
    world.clock.jump(END);
    expect([await mail(mission), await mail(resident)].map(({ allowed }) => allowed)).toEqual([false, true]);
    // An expired exemption remains in the list.
    expect(await listed(order, 4)).toContainEqual({ ...first, approvedBy: [ben.id, cyd.id].toSorted() });
  });

  it('are renewed by a revision with the same salt, and removed by a revision that omits them', async () => {
    const { mission, resident } = await begin();
    const { proposer, ben, cyd } = world.people;
    const order = await propose([{ device: mission, until: ENDS }]);
    await adopt(order, 1);
    const record = (await world.orders.effect.record(mission))?.version;
    const renewed = [{ device: mission, until: LATER, reason: 'The talks go on.' }, { device: resident }];
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', exempt: renewed });
    await adopt(order, 2, ben, cyd);
    expect((await world.orders.effect.record(mission))?.version).toBe(record);
    expect(await listed(order, 2)).toContainEqual({
      device: mission,
      until: Date.parse('2015-12-31T19:00:00.000Z'),
      reason: 'The talks go on.',
      decidedIn: 2,
      proposedBy: proposer.id,
      approvedBy: [ben.id, cyd.id].toSorted(),
    });
    world.clock.jump(END);
    expect((await mail(mission)).allowed).toBe(true);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', exempt: [{ device: resident }] });
    await adopt(order, 3);
    expect(await mail(mission)).toMatchObject({ allowed: false, reasons: ['present'] });
    expect(await world.orders.drafting.exemptions(order, 3)).toMatchObject([{ device: resident, decidedIn: 2 }]);
  });

  it('of a device override those of its group', async () => {
    const { mission, resident } = await begin();
    const order = await propose([
      { device: mission, until: ENDS },
      { group: world.group, until: LATER },
    ]);
    const ends = new Map(
      (await world.orders.drafting.exemptions(order, 1)).map(({ device, until }) => [device, until]),
    );
    expect([ends.get(mission), ends.get(resident)]).toEqual([END, Date.parse('2015-12-31T19:00:00.000Z')]);
  });

  it('count in a preview at the start of the order, with their end', async () => {
    const { mission } = await begin();
    const order = await propose([{ device: mission, until: ENDS }]);
    const rehearsed = await world.orders.impact.page(order, 1, { at: 'effective', offset: 0, limit: 9 });
    expect(rehearsed.devices.find(({ device }) => device === mission)).toMatchObject({
      classes: ['exempt'],
      denied: [],
      exemptUntil: END,
    });
  });

  it.each<[string, string, string]>([
    ['an end that has passed', '2015-07-01T00:00', 'before the order takes effect'],
    ['an end before the order begins', '2015-11-30T23:59', 'before the order takes effect'],
    ['an end at the start of the order', '2015-12-01T00:00', 'before the order takes effect'],
    ['an empty end', '', 'Enter the end of the exemption'],
    ['text that is no time', 'soon', 'is no time'],
  ])('reject %s, and say why', async (_, until, words) => {
    const { mission } = await begin();
    const refusal = await propose([{ device: mission, until }]).catch((error: unknown) => error);
    expect(isCordonError(refusal, 'invalid_input') && refusal.message).toContain(words);
    expect(await world.orders.adoption.list()).toEqual([]);
    const draft = {
      ...PROPOSAL,
      action: 'propose',
      exempt: [{ device: mission }, { device: mission, until }],
    } as const;
    const { problems } = await world.orders.impact.preview(draft, () => undefined);
    expect(problems.map(({ field }) => field)).toEqual(['exempt.1']);
  });

  it('reject an end in the past for an active order', async () => {
    const { mission } = await begin();
    const order = await propose([{ device: mission, until: ENDS }]);
    await adopt(order, 1);
    world.clock.jump(END);
    const again = world.orders.drafting.proposeAction(world.people.proposer.id, order, {
      action: 'revise',
      exempt: [{ device: mission, until: ENDS }],
    });
    await expect(again).rejects.toThrow('which has passed');
  });
});
