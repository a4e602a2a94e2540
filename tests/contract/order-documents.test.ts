import { afterEach, expect, it } from 'vitest';
import type { Proposal } from '../../server/orders/drafting/proposals.ts';
import type { Database } from '../../server/store/database.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { decisionCommitment } from '../../shared/order/decision-record.ts';
import { LARGEST_DOCUMENT } from '../../shared/order/documents.ts';
import { asNewDevice, openApprovedWorld, orderState } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;

describeOnEveryStore('documents of orders', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openApprovedWorld(database);
    return world.people;
  }

  it('keeps the legal terms through every action, and requires that an answered order exists', async () => {
    const { proposer, ada, ben } = await begin();
    const papers: Partial<Proposal> = {
      receivedOn: '2015-07-24',
      provenance: 'confirmed',
      notice: { ur: 'سروس ختم' },
      noticePlan: ['P7D', 'effective'],
    };
    const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...papers });
    const sign = async (revision: number) => {
      await world.sign(order, revision, ada);
      await world.sign(order, revision, ben);
    };
    await sign(1);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'extend', effective: '2015-12-31T00:00' });
    await sign(2);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await sign(3);
    expect(asNewDevice(world).orders.get(order)?.revision).toMatchObject({ status: 'withdrawn', terms: papers });
    const before = await orderState(world, database);
    const answer = (answers: string) =>
      codeOfAsync(world.orders.drafting.propose(proposer.id, { ...PROPOSAL, answers }));
    expect(await answer('2015-009')).toBe('not_found');
    expect(await orderState(world, database)).toEqual(before);
    expect(await answer(order)).toBe('accepted');
    const itself = { action: 'revise', answers: '2015-002' } as const;
    expect(await codeOfAsync(world.orders.drafting.proposeAction(proposer.id, '2015-002', itself))).toBe(
      'invalid_input',
    );
  });

  it('stores documents and decision records encrypted, and deletes unnamed documents after a month', async () => {
    const { proposer, ada, ben } = await begin();
    const content = Buffer.from('%PDF the letter, in confidence');
    const { id: by } = proposer;
    const kept = await world.orders.documents.keep(by, 'application/pdf', content);
    expect(await world.orders.documents.keep(by, 'text/plain', content)).toEqual(kept);
    const other = await world.orders.documents.keep(by, 'text/plain', Buffer.from('never named'));
    expect(await codeOfAsync(world.orders.documents.keep(by, 'text/plain', Buffer.alloc(0)))).toBe('invalid_input');
    expect(await codeOfAsync(world.orders.documents.keep(by, 'text', content))).toBe('invalid_input');
    const large = Buffer.alloc(LARGEST_DOCUMENT + 1);
    expect(await codeOfAsync(world.orders.documents.keep(by, 'text/plain', large))).toBe('too_large');

    const before = await orderState(world, database);
    const decision = { considered: 'Whether to appeal.', by: 'Zelda and counsel', reasons: 'We have people there.' };
    const letter = { title: 'Letter', ...kept };
    const propose = (documents: Proposal['documents']) =>
      world.orders.drafting.propose(by, { ...PROPOSAL, documents, decision });
    expect(await codeOfAsync(propose([{ ...letter, sha256: 'a'.repeat(64) }]))).toBe('not_found');
    expect(await codeOfAsync(propose([{ ...letter, bytes: 3 }]))).toBe('invalid_input');
    expect(await orderState(world, database)).toEqual(before);
    const { order, payload } = await propose([letter]);
    await world.sign(order, 1, ada);
    await world.sign(order, 1, ben);
    const extend = { action: 'extend', effective: '2016-01-01T00:00' } as const;
    expect(await codeOfAsync(world.orders.drafting.proposeAction(by, order, { ...extend, decision }))).toBe(
      'invalid_input',
    );
    await world.orders.drafting.proposeAction(by, order, extend);

    expect((await world.orders.documents.document(order, kept.sha256)).content).toEqual(content);
    expect(await codeOfAsync(world.orders.documents.document(order, other.sha256))).toBe('not_found');
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
    expect(await codeOfAsync(keep(100))).toBe('too_large');
    expect(await codeOfAsync(keep(99))).toBe('accepted');
  });
});
