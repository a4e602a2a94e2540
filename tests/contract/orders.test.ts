import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import type { Proposal } from '../../server/orders/drafting/proposals.ts';
import type { Orders } from '../../server/orders/orders.ts';
import type { Database } from '../../server/store/database.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { isCordonError } from '../../shared/errors.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { personsWhoSigned, verifyApproverSets } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { decisionCommitment } from '../../shared/order/decision-record.ts';
import {
  deviceRecordSchema,
  LARGEST_DOCUMENT,
  MOST_EXEMPT,
  orderListSchema,
  PAYLOAD_TYPES,
  type Receipt,
  revisionSchema,
} from '../../shared/order/documents.ts';
import { payloadOf, signerOf } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { verifyList } from '../../shared/order/verify-list.ts';
import { MAX_FRAME_FROM_SERVER } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { INSTALLATION, NOW } from '../support/signed-documents.ts';
import { until as soon } from '../support/until.ts';
import { describeOnEveryStore, type OpenStore } from './every-store.ts';

const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
const HOUR = 3_600_000;

async function code(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return 'accepted';
  } catch (error) {
    return isCordonError(error) ? error.code : String(error);
  }
}

function suite(openStore: OpenStore): void {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openOrderWorld(database);
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    return world.people;
  }
  const denied = async (device: DeviceId, orders: Orders = world.orders) =>
    !(await orders.effect.verdict(device)).services.messaging.allowed;
  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map((entry) => entry.kind);
  /** Result of the verification of the public order list by a newly enrolled device. */
  const asNewDevice = (withheld = world.orders.list.withheld(), orders: Orders = world.orders) => {
    const envelope = orders.list.current()?.envelope;
    if (!envelope) throw new Error('there is no list');
    const known = { installation: INSTALLATION, version: 0, hash: null, orders: new Map() };
    return verifyList({
      envelope,
      withheld,
      approverSet: verifyApproverSets(null, orders.approverSets.envelopes()),
      known,
      now: world.clock.now(),
    });
  };
  /** State that a rejected action must not change. */
  const everything = async () => ({
    orders: await world.orders.adoption.list(),
    list: world.orders.list.current()?.version,
    entries: (await entries()).length,
  });

  it('rejects proposals before an approver set is adopted', async () => {
    world = await openOrderWorld(await openStore());
    expect(await code(world.orders.drafting.propose(world.people.proposer.id, PROPOSAL))).toBe('approvers_required');
    expect(world.orders.list.current()).toBeNull();
    expect(world.orders.approverSets.version()).toBe(0);
  });

  it('keeps the legal terms through every action, and requires that an answered order exists', async () => {
    const { proposer, ada, ben } = await begin();
    const papers: Partial<Proposal> = {
      receivedOn: '2015-07-24',
      provenance: 'confirmed',
      notice: { ur: 'سروس ختم' },
      noticePlan: ['P7D', 'entry'],
    };
    const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...papers });
    const sign = async (revision: number) => {
      await world.sign(order, revision, ada);
      await world.sign(order, revision, ben);
    };
    await sign(1);
    await world.orders.drafting.act(proposer.id, order, { action: 'extend', effective: '2015-12-31T00:00' });
    await sign(2);
    await world.orders.drafting.act(proposer.id, order, { action: 'withdraw' });
    await sign(3);
    expect(asNewDevice().orders.get(order)?.revision).toMatchObject({ status: 'withdrawn', terms: papers });
    const before = await everything();
    const answer = (answers: string) => code(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, answers }));
    expect(await answer('2015-009')).toBe('not_found');
    expect(await everything()).toEqual(before);
    expect(await answer(order)).toBe('accepted');
    const itself = { action: 'revise', answers: '2015-002' } as const;
    expect(await code(world.orders.drafting.act(proposer.id, '2015-002', itself))).toBe('invalid_input');
  });

  it('stores documents and decision records encrypted, and deletes unnamed documents after a month', async () => {
    const { proposer, ada, ben } = await begin();
    const content = Buffer.from('%PDF the letter, in confidence');
    const { id: by } = proposer;
    const kept = await world.orders.documents.keep(by, 'application/pdf', content);
    expect(await world.orders.documents.keep(by, 'text/plain', content)).toEqual(kept);
    const other = await world.orders.documents.keep(by, 'text/plain', Buffer.from('never named'));
    expect(await code(world.orders.documents.keep(by, 'text/plain', Buffer.alloc(0)))).toBe('invalid_input');
    expect(await code(world.orders.documents.keep(by, 'text', content))).toBe('invalid_input');
    const large = Buffer.alloc(LARGEST_DOCUMENT + 1);
    expect(await code(world.orders.documents.keep(by, 'text/plain', large))).toBe('too_large');

    const before = await everything();
    const decision = { considered: 'Whether to appeal.', by: 'Zelda and counsel', reasons: 'We have people there.' };
    const letter = { title: 'Letter', ...kept };
    const propose = (documents: Proposal['documents']) =>
      world.orders.drafting.propose(by, { ...PROPOSAL, documents, decision });
    expect(await code(propose([{ ...letter, sha256: 'a'.repeat(64) }]))).toBe('not_found');
    expect(await code(propose([{ ...letter, bytes: 3 }]))).toBe('invalid_input');
    expect(await everything()).toEqual(before);
    const { order, payload } = await propose([letter]);
    await world.sign(order, 1, ada);
    await world.sign(order, 1, ben);
    const extend = { action: 'extend', effective: '2016-01-01T00:00' } as const;
    expect(await code(world.orders.drafting.act(by, order, { ...extend, decision }))).toBe('invalid_input');
    await world.orders.drafting.act(by, order, extend);

    expect((await world.orders.documents.document(order, kept.sha256)).content).toEqual(content);
    expect(await code(world.orders.documents.document(order, other.sha256))).toBe('not_found');
    const { salt, commitment, ...record } = await world.orders.documents.decision(order, 2);
    expect(record).toEqual(decision);
    expect(decisionCommitment(salt, record)).toBe(commitment);
    expect(JSON.parse(payload).terms).toMatchObject({ documents: [letter], internal: commitment });

    for (const table of [
      'order_documents',
      'order_decisions',
      'order_revisions',
      'ledger_entries',
      'order_lists',
    ] as const) {
      const text = JSON.stringify(await database.db.selectFrom(table).selectAll().execute());
      expect(text.includes('in confidence') || text.includes('Zelda') || text.includes('have people')).toBe(false);
    }
    const later = { domain: NOW + 31 * 24 * HOUR, real: 0 };
    expect(await removeExpired(database, later, 432)).toMatchObject({ order_documents: 1 });
    expect((await world.orders.documents.document(order, kept.sha256)).content).toEqual(content);
  });

  it('stores at most 100 documents that no revision names', async () => {
    const { proposer } = await begin();
    const keep = (at: number) => world.orders.documents.keep(proposer.id, 'text/plain', Buffer.from(`document ${at}`));
    for (let at = 0; at < 100; at++) await keep(at);
    expect(await code(keep(100))).toBe('too_large');
    expect(await code(keep(99))).toBe('accepted');
  });

  it('enforces a withheld order on devices, and lists only its stub until its publication', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const published = Date.parse('2016-01-05T00:00:00.000Z');
    const secret = { title: 'Secret title', publication: { until: new Date(published).toISOString() } };
    const { order, digest, payload } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...secret });
    const { key } = ada;
    const { stub = '', ...bare } = approvalOf(key, payload);
    for (const wrong of [
      bare,
      { ...bare, stub: bare.signature },
      { ...bare, stub: approvalOf(ben.key, payload).stub },
    ]) {
      expect(await code(world.orders.adoption.approve(ada.id, order, 1, wrong))).toBe('approval_invalid');
    }
    expect(stub).not.toBe('');
    await world.sign(order, 1, ada);
    await world.sign(order, 1, ben);
    const list = () => {
      const envelope = world.orders.list.current()?.envelope;
      return envelope ? parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list)) : null;
    };
    const listed = () =>
      list()?.orders.map(({ payload: text }) => JSON.parse(Buffer.from(text, 'base64').toString())) ?? [];
    const { services, areas } = PROPOSAL;
    expect(listed()).toEqual([{ installation: INSTALLATION, order, revision: 1, services, areas, digest }]);
    const [first] = list()?.orders ?? [];
    const approverSet = verifyApproverSets(null, world.orders.approverSets.envelopes());
    expect(first && personsWhoSigned(first, approverSet)).toEqual(new Set([ada.id, ben.id]));
    expect([asNewDevice().alerts, asNewDevice().orders.get(order)?.revision.terms.title]).toEqual([[], 'Secret title']);
    expect(world.orders.list.uncovered()).toEqual([]);

    const extended = await world.orders.drafting.act(proposer.id, order, {
      action: 'extend',
      effective: '2015-12-31T00:00',
    });
    await world.sign(order, extended.revision, ada);
    await world.sign(order, extended.revision, ben);
    world.clock.jump(Date.parse('2015-12-31T00:00:00.000Z'));
    expect(await denied(device)).toBe(true);
    const held = await world.orders.drafting.act(proposer.id, order, { action: 'pause' });
    await world.sign(order, held.revision, ada);
    expect(await denied(device)).toBe(false);
    expect(listed().map(({ revision }) => revision)).toEqual([2, 3]);
    expect(asNewDevice().orders.get(order)?.revision.status).toBe('paused');
    const released = await world.orders.drafting.act(proposer.id, order, { action: 'resume' });
    await world.sign(order, released.revision, ada);
    await world.sign(order, released.revision, ben);
    expect(await denied(device)).toBe(true);
    await world.orders.stop();
    await world.reopen();
    expect([listed().map((each) => Object.keys(each).length), asNewDevice().alerts]).toEqual([[6], []]);

    const bodies = async () =>
      (await database.db.selectFrom('ledger_entries').select('body').execute()).map(({ body }) => body);
    await soon(async () => expect((await world.orders.adoption.get(order)).executions.length).toBe(3));
    expect((await bodies()).join().match(/propose|extend|hold|release|entered|left|Secret/g)).toBeNull();

    const version = world.orders.list.current()?.version ?? 0;
    world.clock.jump(published);
    await soon(async () => expect(world.orders.list.current()?.version).toBeGreaterThan(version));
    expect(listed()).toMatchObject([{ order, revision: 4, terms: { title: 'Secret title' } }]);
    expect(world.orders.list.withheld()).toEqual([]);
    expect(await denied(device)).toBe(true);
    const { payload: last, revision } = await world.orders.drafting.act(proposer.id, order, { action: 'withdraw' });
    expect(JSON.parse(last).salt).toBeUndefined();
    await world.sign(order, revision, ada);
    await world.sign(order, revision, ben);
    expect([await denied(device), asNewDevice().orders.get(order)?.revision.status]).toEqual([false, 'withdrawn']);
    expect((await bodies()).join()).toContain('withdraw');
  });

  it('keeps an order that a law withholds withheld after its withdrawal', async () => {
    const { proposer, ada, ben } = await begin();
    const law = { publication: { law: 'section 5' } };
    const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...law });
    for (const act of [null, 'withdraw'] as const) {
      const { revision } = act ? await world.orders.drafting.act(proposer.id, order, { action: act }) : { revision: 1 };
      await world.sign(order, revision, ada);
      await world.sign(order, revision, ben);
      expect(asNewDevice([]).alerts).toMatchObject([{ code: 'withheld_missing' }]);
      expect(asNewDevice().orders.get(order)?.revision.revision).toBe(revision);
    }
    world.clock.jump(NOW + 400 * 24 * HOUR);
    await soon(async () => expect(world.orders.list.current()?.version).toBeGreaterThan(3));
    expect(asNewDevice([]).orders.size).toBe(0);
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
    expect(asNewDevice().orders.get(order)?.revision.revision).toBe(1);
    expect(asNewDevice().alerts).toEqual([]);
    expect((await world.orders.impact.affected(order)).map(({ device }) => device)).toEqual([resident]);

    expect(await denied(resident)).toBe(false);
    world.clock.jump(EFFECTIVE - 1);
    expect(await denied(resident)).toBe(false);
    await turn();
    world.wakes.length = 0;
    world.clock.jump(EFFECTIVE);
    expect([await denied(resident), await denied(other)]).toEqual([true, false]);
    await turn();
    await turn();
    expect(world.wakes).toContainEqual({ kind: 'verdicts', devices: expect.arrayContaining([resident]) });

    await world.orders.drafting.act(proposer.id, order, { action: 'withdraw' });
    await world.sign(order, 2, ada);
    expect(await denied(resident)).toBe(true);
    await world.sign(order, 2, ben);
    expect(await denied(resident)).toBe(false);
    expect(asNewDevice().orders.get(order)?.revision.status).toBe('withdrawn');
    expect(await code(world.orders.drafting.act(proposer.id, order, { action: 'revise' }))).toBe('order_closed');
    expect((await world.orders.adoption.get(order)).status).toBe('withdrawn');
    const executed = async () => (await world.orders.adoption.get(order)).executions;
    await soon(async () => expect(await executed()).toHaveLength(2));
    expect(await executed()).toEqual([
      { revision: 1, state: 'entered', at: EFFECTIVE },
      { revision: 2, state: 'left', at: EFFECTIVE },
    ]);
    const logged = (await entries()).filter((kind) => kind !== 'order.list');
    expect(logged.filter((kind) => kind === 'order.executed')).toHaveLength(2);
    expect(logged.filter((kind) => kind !== 'order.executed')).toEqual([
      'approvers.adopted',
      ...['order.revision', 'order.approval', 'order.approval', 'order.adopted'],
      ...['order.revision', 'order.approval', 'order.approval', 'order.adopted'],
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
      { revision: 1, state: 'entered', at: EFFECTIVE + HOUR },
    ]);
    expect((await entries()).filter((kind) => kind === 'order.executed')).toHaveLength(1);
    await again.stop();
  });

  it('case 31: rejects approvals by the proposer, by a second key of one person, and with the key of another person', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const second = { id: ada.id, key: await world.addKey(ada.id) };
    await world.approverSet([ada, second, ben, proposer], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    const before = await everything();
    expect(await code(world.sign(order, 1, proposer))).toBe('same_person');
    expect(await code(world.sign(order, 1, second))).toBe('same_person');
    expect(await code(world.sign(order, 1, cyd))).toBe('approver_unknown');
    expect(await code(world.sign(order, 1, { id: ben.id, key: ada.key }))).toBe('forbidden');
    const { payload } = await world.orders.adoption.revision(order, 1);
    const forged = { keyid: ben.key.keyid, signature: ada.key.sign(Buffer.from(payload)).toString('base64') };
    expect(await code(world.orders.adoption.approve(ben.id, order, 1, forged))).toBe('approval_invalid');
    // A repeated approval, as after a lost response, gets the first result and counts once.
    expect(await world.sign(order, 1, ada)).toMatchObject({ adopted: false });
    expect(await everything()).toEqual(before);
  });

  it('case 32: discards approvals when a new revision replaces the proposal', async () => {
    const { proposer, ada, ben } = await begin();
    const { order, payload } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.orders.drafting.act(proposer.id, order, { action: 'revise', areas: ['IN'] });
    expect(await code(world.sign(order, 1, ben))).toBe('revision_superseded');
    const old = ada.key.sign(Buffer.from(payload)).toString('base64');
    expect(await code(world.orders.adoption.approve(ada.id, order, 2, { keyid: ada.key.keyid, signature: old }))).toBe(
      'approval_invalid',
    );
    expect(await world.sign(order, 2, ben)).toMatchObject({ adopted: false });
    expect(world.orders.adoption.rules()).toEqual([]);
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
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

  it('signs the record of an exempt device before the list, so that only the device opens its commitment', async () => {
    const { proposer, ada, ben } = await begin();
    const [mission, resident] = [world.addDevice('PK'), world.addDevice('PK')];
    const unknown = 'dev_aaaaaaaaaaaaaaaa' as DeviceId;
    expect(await code(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt: [{ device: unknown }] }))).toBe(
      'unknown_device',
    );
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
    expect([await denied(mission), await denied(resident)]).toEqual([false, true]);
    // An extension keeps the exempt devices and their salts.
    await world.orders.drafting.act(proposer.id, order, { action: 'extend', effective: '2015-12-31T00:00' });
    for (const person of [ada, ben]) await world.sign(order, 2, person);
    expect(await world.orders.effect.reissueRecord(mission)).toBe(false);
    world.clock.jump(Date.parse('2015-12-30T19:00:00.000Z'));
    expect([await denied(mission), await denied(resident)]).toEqual([false, true]);
  });

  describe('the records of many exempt devices', () => {
    const MANY = 300;
    let order: string;
    let exempt: DeviceId[];
    const act = async (what: 'pause' | 'resume' | 'extend' | 'withdraw' | 'revise', more: object = {}) => {
      const { proposer, ada, ben } = world.people;
      const { revision } = await world.orders.drafting.act(proposer.id, order, { action: what, ...more });
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

  it('ends a one-person pause after 72 hours, and keeps a two-person pause until it is resumed', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE - HOUR);
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
    expect(asNewDevice().alerts).toEqual([]);
    expect(asNewDevice().orders.get(order)).toMatchObject({ lasting: false, revision: { status: 'paused' } });
    expect((await world.orders.adoption.get(order)).pausedUntil).toBe(EFFECTIVE + 71 * HOUR);
    world.clock.jump(EFFECTIVE + HOUR);
    expect(await denied(device)).toBe(false);
    world.clock.jump(EFFECTIVE + 71 * HOUR - 1);
    expect(await denied(device)).toBe(false);
    world.clock.jump(EFFECTIVE + 71 * HOUR);
    expect(await denied(device)).toBe(true);
    // A second pause by one person has no effect.
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    expect(await code(world.sign(order, 3, ada))).toBe('same_person');
    expect(await world.sign(order, 3, ben)).toMatchObject({ adopted: false, code: 'second_approver_required' });
    expect(await denied(device)).toBe(true);
    expect(await world.sign(order, 3, cyd)).toMatchObject({ adopted: true });
    expect(await denied(device)).toBe(false);
    world.clock.jump(EFFECTIVE + 1000 * HOUR);
    expect(await denied(device)).toBe(false);
    expect(asNewDevice().alerts).toEqual([]);
    // A resumed order whose start has passed takes effect at once.
    await world.orders.drafting.act(proposer.id, order, { action: 'resume' });
    for (const person of [ada, ben]) await world.sign(order, 4, person);
    expect(await denied(device)).toBe(true);
  });

  it('makes a pause permanent when a second person approves it', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const { version } = world.orders.list.current() ?? { version: 0 };
    expect(await world.sign(order, 2, ben)).toMatchObject({ adopted: true });
    expect(world.orders.list.current()?.version).toBe(version + 1);
    world.clock.jump(EFFECTIVE + HOUR);
    expect(await denied(device)).toBe(false);
    expect(asNewDevice().orders.get(order)?.lasting).toBe(true);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'paused', pausedUntil: null });
  });

  it('rejects approvals of a change that was proposed under a pause that has ended', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE);
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const later = new Date(EFFECTIVE + 1000 * HOUR).toISOString();
    const changed = await world.orders.drafting.act(proposer.id, order, { action: 'extend', until: later });
    expect(JSON.parse(changed.payload)).toMatchObject({ status: 'paused', terms: { until: later } });
    world.clock.jump(EFFECTIVE + 72 * HOUR - 1);
    expect(await world.sign(order, 3, ben)).toMatchObject({ adopted: false });
    world.clock.jump(EFFECTIVE + 72 * HOUR);
    expect(await denied(device)).toBe(true);
    expect(await code(world.sign(order, 3, cyd))).toBe('action_not_allowed');
    expect(await denied(device)).toBe(true);
    expect((await world.orders.adoption.get(order)).revisions[2]).toMatchObject({ state: 'waiting', approvals: [{}] });
    // A new proposal is based on the active order, which remains active.
    await world.orders.drafting.act(proposer.id, order, { action: 'extend', until: later });
    for (const person of [ben, cyd]) await world.sign(order, 4, person);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'active', adoptedRevision: 4 });
    expect(await denied(device)).toBe(true);
  });

  it('makes a one-person pause permanent when two people approve a change of the paused order', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const device = world.addDevice('PK');
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(EFFECTIVE);
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    await world.sign(order, 2, ada);
    const warned = async () => (await world.orders.impact.warnings(order, 3)).map((warning) => warning.code);
    const { warnings } = await world.orders.impact.preview(
      { action: 'revise', order, title: 'Other' },
      () => undefined,
    );
    await world.orders.drafting.act(proposer.id, order, { action: 'revise', title: 'Other' });
    const lapses = new Date(EFFECTIVE + 72 * HOUR).toISOString();
    expect(warnings[0]).toMatchObject({ code: 'pause_without_end', detail: expect.stringContaining(lapses) });
    expect(await warned()).toContain('pause_without_end');
    for (const person of [ben, cyd]) await world.sign(order, 3, person);
    expect(await warned()).not.toContain('pause_without_end');
    world.clock.jump(EFFECTIVE + 100 * HOUR);
    expect(await denied(device)).toBe(false);
    await world.orders.drafting.act(proposer.id, order, { action: 'revise', title: 'Another' });
    for (const person of [ben, cyd]) expect(await world.sign(order, 4, person)).toHaveProperty('adopted');
    expect(await world.orders.adoption.get(order)).toMatchObject({
      title: 'Another',
      status: 'paused',
      pausedUntil: null,
    });
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
    expect(await denied(device, last)).toBe(true);
    expect(asNewDevice(undefined, last).expired).toBe(false);
  });

  it('signs a new order list every day, each with the hash of the previous list', async () => {
    await begin();
    let before = world.orders.list.current()?.version ?? 0;
    expect(before).toBe(1);
    for (let day = 1; day <= 3; day += 1) {
      world.clock.jump(NOW + day * 24 * HOUR);
      await expect.poll(() => world.orders.list.current()?.version).toBe(before + 1);
      before += 1;
    }
    // A long jump of the clock makes only one list.
    world.clock.jump(NOW + 400 * 24 * HOUR);
    await expect.poll(() => world.orders.list.current()?.version).toBe(before + 1);
    await turn();
    expect(world.orders.list.current()?.version).toBe(before + 1);
    expect(asNewDevice().expired).toBe(false);
  });

  it('counts approvals one after another when two nodes act at the same time', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const first = world.orders;
    const second = await world.reopen();
    const { order } = await first.drafting.propose(proposer.id, PROPOSAL);
    world.orders = first;
    const { payload } = await first.adoption.revision(order, 1);
    const { approveRevision } = await import('../../shared/order/approver-key.ts');
    const by = (orders: Orders, { id, key }: OrderWorld['people']['ada']) =>
      orders.adoption.approve(id, order, 1, { keyid: key.keyid, signature: approveRevision(key, payload) });
    const results = await Promise.all([by(first, ada), by(second, ben), by(first, cyd)]);
    expect(results.filter(({ adopted }) => !adopted)).toHaveLength(1);
    const kinds = await entries();
    expect(kinds.filter((kind) => kind === 'order.adopted')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'order.approval')).toHaveLength(3);
    expect((await first.adoption.get(order)).revisions[0]?.approvals).toHaveLength(3);
    // Two simultaneous proposals get two numbers.
    const both = await Promise.all([
      first.drafting.propose(proposer.id, PROPOSAL),
      second.drafting.propose(proposer.id, PROPOSAL),
    ]);
    expect(both.map((each) => each.order).sort()).toEqual(['2015-002', '2015-003']);
  });

  it('adopts an approver set by the previous and the new members, and names orders that need new approvals', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    const { version } = world.orders.list.current() ?? { version: 0 };
    await world.approverSet([ada, cyd, proposer], [cyd, proposer].slice(0, 1));
    expect(world.orders.approverSets.version()).toBe(1);
    expect((await world.orders.approverSets.view()).pending?.version).toBe(2);
    await world.approverSet([ada, cyd, proposer], [ada, cyd]);
    expect(world.orders.approverSets.version()).toBe(2);
    expect(world.orders.list.current()?.version).toBe(version + 1);
    expect(world.orders.list.uncovered()).toEqual([order]);
    expect(asNewDevice().orders.size).toBe(0);
    expect(await code(world.sign(order, 1, ben))).toBe('approver_unknown');
    expect(await world.sign(order, 1, cyd)).toMatchObject({ adopted: true });
    expect(world.orders.list.uncovered()).toEqual([]);
    expect(asNewDevice().orders.get(order)?.revision.revision).toBe(1);
    const same = { threshold: 2, keyids: [ada.key.keyid, (await world.addKey(ada.id)).keyid] };
    expect(await code(world.orders.approverSets.propose(same))).toBe('same_person');
  });

  describe('after each approver got another key', () => {
    async function rotated(): Promise<OrderWorld['people']> {
      const { proposer, ada, ben, cyd } = world.people;
      const renewed = async ({ id }: OrderWorld['people']['ada']) => ({ id, key: await world.addKey(id) });
      const after = { proposer, ada: await renewed(ada), ben: await renewed(ben), cyd: await renewed(cyd) };
      await world.approverSet([after.ada, after.ben, after.cyd], [ada, ben, after.ada, after.ben]);
      expect(world.orders.approverSets.version()).toBe(2);
      return after;
    }

    it('keeps a two-person pause while only one approver has signed again', async () => {
      const { proposer, ada, ben } = await begin();
      const device = world.addDevice('PK');
      const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      for (const person of [ada, ben]) await world.sign(order, 1, person);
      await world.orders.drafting.act(proposer.id, order, { action: 'pause' });
      for (const person of [ada, ben]) await world.sign(order, 2, person);
      const known = {
        installation: INSTALLATION,
        ...asNewDevice(),
        version: world.orders.list.current()?.version ?? 0,
      };
      const after = await rotated();
      const held = async () => {
        expect(await denied(device)).toBe(false);
        expect(await world.orders.adoption.get(order)).toMatchObject({
          status: 'paused',
          pausedUntil: null,
          executions: [],
        });
        const envelope = world.orders.list.current()?.envelope;
        const approverSet = verifyApproverSets(null, world.orders.approverSets.envelopes());
        const seen = envelope && verifyList({ envelope, approverSet, known, now: world.clock.now() });
        expect(seen).toMatchObject({ alerts: [] });
        expect(seen?.orders.get(order)).toMatchObject({ lasting: true, revision: { revision: 2 } });
      };
      world.clock.jump(EFFECTIVE + 100 * HOUR);
      await held();
      expect(await world.sign(order, 2, after.ada)).toMatchObject({ adopted: true });
      await held();
      expect([asNewDevice().orders.size, world.orders.list.uncovered()]).toEqual([0, [order]]);
      await world.reopen();
      await held();
      await world.sign(order, 2, after.ben);
      await held();
      expect([asNewDevice().orders.get(order)?.lasting, world.orders.list.uncovered()]).toEqual([true, []]);
      // The store keeps all signatures. The order list has only those of the current approver set.
      expect((await world.orders.adoption.get(order)).revisions[1]?.approvals).toHaveLength(4);
      const envelope = world.orders.list.current()?.envelope;
      const list = envelope && parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));
      const keys = list?.orders.at(-1)?.signatures.map(({ keyid }) => keyid);
      expect(keys?.sort()).toEqual([after.ada.key.keyid, after.ben.key.keyid].sort());
    });

    it('counts an older and a newer key of one person as one person', async () => {
      const { proposer, ada, ben } = await begin();
      const device = world.addDevice('PK');
      const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      for (const person of [ada, ben]) await world.sign(order, 1, person);
      world.clock.jump(EFFECTIVE);
      const later = { ...PROPOSAL, effective: '2016-01-01T00:00' };
      const { order: other } = await world.orders.drafting.propose(proposer.id, later);
      await world.sign(other, 1, ada);
      await world.orders.drafting.act(proposer.id, order, { action: 'pause' });
      await world.sign(order, 2, ada);
      const after = await rotated();
      expect((await world.orders.adoption.pendingApprovals()).revisions).toMatchObject([
        { order: other, approvals: 0 },
      ]);
      expect(await world.sign(other, 1, after.ada)).toMatchObject({ adopted: false });
      expect((await world.orders.adoption.pendingApprovals()).revisions).toMatchObject([
        { order: other, approvals: 1 },
      ]);
      await world.sign(order, 2, after.ada);
      expect((await world.orders.adoption.get(order)).pausedUntil).toBe(EFFECTIVE + 72 * HOUR);
      expect(await denied(device)).toBe(false);
      world.clock.jump(EFFECTIVE + 72 * HOUR);
      expect(await denied(device)).toBe(true);
      expect(await world.sign(other, 1, after.ben)).toMatchObject({ adopted: true });
    });
  });

  it('rejects an order with too many exempt devices, and stores nothing', async () => {
    const { proposer } = await begin();
    for (let count = 0; count <= MOST_EXEMPT; count += 1) world.addDevice('PK');
    const before = await everything();
    const exempt = [{ group: world.group }];
    const draft = { ...PROPOSAL, exempt, action: 'propose' } as const;
    const { problems } = await world.orders.impact.preview(draft, () => undefined);
    expect(problems).toMatchObject([{ field: 'exempt', code: 'invalid_input' }]);
    expect(problems[0]?.detail).toContain('20001 devices');
    expect(await code(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, exempt }))).toBe('invalid_input');
    expect(await everything()).toEqual(before);
    expect(await world.orders.adoption.list()).toEqual([]);
  });

  it('rejects an order that would make the order list too large for devices', async () => {
    const { proposer, ada, ben } = await begin();
    const frame = () => {
      const [envelope, withheld] = [world.orders.list.current()?.envelope, world.orders.list.withheld()];
      return JSON.stringify({ kind: 'list', envelope, withheld }).length;
    };
    const tags = Array.from({ length: 480 }, (_, at) => `en-${(100 + at).toString()}`);
    const long = {
      ...PROPOSAL,
      authoritativeLanguage: tags[0],
      statement: Object.fromEntries(tags.map((tag) => [tag, 'x'.repeat(4_000)])),
    };
    // Each of the two orders alone would fit into the list.
    const { order } = await world.orders.drafting.propose(proposer.id, long);
    const { order: other } = await world.orders.drafting.propose(proposer.id, {
      ...long,
      publication: { law: 'section 5' },
    });
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.act(ada.id, order, { action: 'pause' });
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
    expect([asNewDevice().alerts, frame() > 6_000_000, frame() < MAX_FRAME_FROM_SERVER]).toEqual([[], true, true]);
    await world.sign(other, 1, ada);
    const before = await everything();
    expect(await code(world.sign(other, 1, ben))).toBe('too_large');
    expect(await code(world.orders.drafting.propose(proposer.id, long))).toBe('too_large');
    const { problems } = await world.orders.impact.preview({ ...long, action: 'propose' }, () => undefined);
    expect(problems).toMatchObject([{ field: 'order', code: 'too_large' }]);
    expect(await everything()).toEqual(before);
    expect(await code(world.orders.drafting.propose(proposer.id, PROPOSAL))).toBe('accepted');
    // A withdrawal is always possible.
    await world.orders.drafting.act(proposer.id, order, { action: 'withdraw' });
    for (const person of [ada, ben]) await world.sign(order, 3, person);
    expect(asNewDevice().orders.get(order)?.revision.status).toBe('withdrawn');
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
      await expect.poll(() => orders.receipts.ofOrder('2015-001')).toMatchObject([{ device, generation: 1, receipt }]);
      expect(await orders.receipts.ofDevice(device)).toMatchObject([{ device, generation: 1, receipt }]);
      expect(await orders.receipts.ofDevice(world.addDevice('PK'))).toEqual([]);
      expect(await code(orders.receipts.store(device, 2, good))).toBe('conflict');
      expect(await code(orders.receipts.store(world.addDevice('PK'), 1, good))).toBe('conflict');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

describeOnEveryStore('orders', suite);
