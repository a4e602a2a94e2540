/** Readings of withheld orders on every store: permitted readers, and one audit entry for each time span. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OrderReader } from '../../server/orders/adoption/order-visibility.ts';
import type { Database } from '../../server/store/database.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { newAccountId, newPersonId, type PersonId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const ORDER = '2015-001';
const PUBLISHED = new Date(NOW + 30 * DAY).toISOString();
const WHOLE = { revision: null, masked: true } as const;
const TERMS = { part: 'terms', about: null } as const;

describeOnEveryStore('readings of withheld orders', (open) => {
  let database: Database;
  let world: OrderWorld;

  beforeEach(async () => {
    database = await open();
    world = await openOrderWorld(database);
    const { ada, ben, proposer } = world.people;
    await world.approverSet([ada, ben], [ada, ben]);
    await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, publication: { until: PUBLISHED } });
    for (const person of [ada, ben]) await world.sign(ORDER, 1, person);
  });
  afterEach(() => world.stop());

  const reader = (person: PersonId = newPersonId(), areas: OrderReader['areas'] = []): OrderReader => ({
    account: newAccountId(),
    person,
    areas,
  });
  const entries = async () =>
    (
      await database.db.selectFrom('ledger_entries').select(['id', 'body']).where('kind', '=', 'order.read').execute()
    ).map(({ id, body }) => ({ id, entry: entrySchema.parse(JSON.parse(String(body))) }));
  const read = (by: OrderReader, asked: { revision: number | null; masked: boolean } = WHOLE) =>
    world.orders.evidence.read(ORDER, by, TERMS, asked);

  it('permits legal, owners, the proposer, approvers and earlier signers to read, and rejects all others', async () => {
    const { proposer, ada, ben, cyd } = world.people;
    const all = [
      ['legal', reader(undefined, null), 'restricted'],
      ['legal of the area', reader(undefined, [parseScopeArea('PK')]), 'restricted'],
      ['legal of another area', reader(undefined, [parseScopeArea('IN')]), 'hidden'],
      ['somebody', reader(), 'hidden'],
      ['the proposer', reader(proposer.id), 'restricted'],
      ['an approver', reader(ada.id), 'restricted'],
      ['a person outside of the approver set', reader(cyd.id), 'hidden'],
    ] as const;
    for (const [who, by, expected] of all) expect([who, await read(by)]).toEqual([who, expected]);
    // A person who signed a revision has read it.
    await world.approverSet([ada, cyd], [ada, ben, cyd]);
    expect([await read(reader(ben.id)), await read(reader(cyd.id))]).toEqual(['restricted', 'restricted']);
    const kept = await world.orders.evidence.readings(ORDER);
    expect(kept).toHaveLength(6);
  });

  it('records one audit entry for each account, part and ten minutes, and counts every request under load', async () => {
    const by = reader(undefined, null);
    world.clock.jump(Math.ceil(NOW / (10 * MINUTE)) * 10 * MINUTE);
    const begun = world.clock.now();
    await Promise.all(Array.from({ length: 40 }, () => read(by)));
    world.clock.jump(begun + 9 * MINUTE);
    await read(by);
    await world.orders.evidence.read(
      ORDER,
      by,
      { part: 'document', about: 'f'.repeat(64) },
      { revision: null, masked: false },
    );
    world.clock.jump(begun + 10 * MINUTE);
    await read(by);
    const { account } = by;
    expect(await world.orders.evidence.readings(ORDER)).toEqual([
      { account, part: 'terms', about: null, firstAt: begun + 10 * MINUTE, lastAt: begun + 10 * MINUTE, count: 1 },
      {
        account,
        part: 'document',
        about: 'f'.repeat(64),
        firstAt: begun + 9 * MINUTE,
        lastAt: begun + 9 * MINUTE,
        count: 1,
      },
      { account, part: 'terms', about: null, firstAt: begun, lastAt: begun + 9 * MINUTE, count: 41 },
    ]);
    const logged = await entries();
    expect(logged).toHaveLength(3);
    for (const { entry } of logged)
      expect([entry.public, entry.subject]).toEqual([{}, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    const openings = await database.db.selectFrom('ledger_openings').select(['entry_id', 'subject']).execute();
    const first = openings.find(({ entry_id }) => entry_id === logged[0]?.id);
    expect(JSON.parse(first?.subject ?? '')).toEqual({ order: ORDER, account, part: 'terms', about: null });
  });

  it('refuses the reading when its audit entry cannot be stored', async () => {
    await database.db.schema.alterTable('order_readings').renameTo('order_readings_away').execute();
    try {
      await expect(read(reader(undefined, null))).rejects.toThrow();
      expect(await read(reader())).toBe('hidden');
      expect(await entries()).toEqual([]);
    } finally {
      await database.db.schema.alterTable('order_readings_away').renameTo('order_readings').execute();
    }
  });

  it('needs no audit entry after the publication of the order', async () => {
    const by = reader();
    expect(await read(by)).toBe('hidden');
    expect((await world.orders.adoption.get(ORDER)).withheld).toBe(true);
    world.clock.jump(Date.parse(PUBLISHED));
    expect(await read(by)).toBe('public');
    expect(await read(reader(undefined, null))).toBe('public');
    expect((await world.orders.adoption.get(ORDER)).withheld).toBe(false);
    expect(await world.orders.evidence.readings(ORDER)).toEqual([]);
  });

  it('hides a withheld revision of a public order, and packs that contain it', async () => {
    const { proposer, ada, ben } = world.people;
    await world.orders.drafting.proposeAction(proposer.id, ORDER, { action: 'revise', publication: null });
    for (const person of [ada, ben]) await world.sign(ORDER, 2, person);
    const by = reader();
    expect(await read(by)).toBe('public');
    expect(await read(by, { revision: 2, masked: false })).toBe('public');
    expect(await read(by, { revision: 1, masked: false })).toBe('hidden');
    const pack = world.orders.evidence.read(
      ORDER,
      by,
      { part: 'pack', about: null },
      { revision: null, masked: false },
    );
    expect(await pack).toBe('hidden');
    expect(await world.orders.evidence.readings(ORDER)).toEqual([]);
  });

  it('shows no title of a withheld order among pending approvals', async () => {
    const { proposer } = world.people;
    await world.orders.drafting.proposeAction(proposer.id, ORDER, { action: 'revise', title: 'A title that tells' });
    const { revisions } = await world.orders.adoption.pendingApprovals();
    expect(revisions.map(({ title }) => title)).toEqual(['Withheld order']);
  });
});
