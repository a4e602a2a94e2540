/** Evidence packs of withheld orders, on every store. */
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrollment.ts';
import { PROPOSAL } from '../support/order-world.ts';
import { ORDER, openPackWorld, type PackWorld } from '../support/pack-world.ts';
import { describeOnEveryStore } from './every-store.ts';

const { authority, remove } = testAuthority();
afterAll(remove);

describeOnEveryStore('packs of a withheld order', (open) => {
  let database: Database;
  let made: PackWorld;
  beforeEach(async () => {
    database = await open();
    made = await openPackWorld(database, authority);
  });
  afterEach(() => made.stop());

  it('find the stub of the order in the order list', async () => {
    const { ada, ben, proposer } = made.world.people;
    await made.world.approverSet([ada, ben], [ada, ben]);
    await made.world.orders.drafting.propose(proposer.id, { ...PROPOSAL, publication: { law: 'a law' } });
    for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
    const { valid, findings } = await verifyPack(await made.pack(ORDER), made.root());
    expect(valid).toBe(true);
    const proven = findings.filter(({ verdict }) => verdict === 'proven').map(({ words }) => words);
    expect(proven).toContainEqual(expect.stringContaining('The public order list contained revision 1 from list'));
  });

  it('show only the hash of a sealed file of names', async () => {
    const { orders, people } = made.world;
    const { ada, ben, proposer } = people;
    await made.world.approverSet([ada, ben], [ada, ben]);
    await made.addDevice();
    const recipient = { name: 'Counsel', key: await identityToRecipient(await generateIdentity()) };
    const by = newAccountId();
    const shown = async (order: string, revision: number) => {
      await orders.impact.names(order, revision, { at: 'now' }, { recipient, by });
      const { entry_id, subject } = await database.db
        .selectFrom('ledger_openings')
        .innerJoin('ledger_entries', 'ledger_entries.id', 'entry_id')
        .select(['entry_id', 'subject'])
        .where('kind', '=', 'names.sealed')
        .orderBy('entry_id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      const { body } = await database.db
        .selectFrom('ledger_entries')
        .select('body')
        .where('id', '=', entry_id)
        .executeTakeFirstOrThrow();
      expect(subject).toContain(`${by} for ${recipient.key} Counsel`);
      return { subject, keys: Object.keys(entrySchema.parse(JSON.parse(body)).public).sort() };
    };
    const openly = ['devices', 'digest', 'of', 'order', 'revision'];
    const plain = await orders.drafting.propose(proposer.id, PROPOSAL);
    expect(await shown(plain.order, 1)).toMatchObject({ keys: openly });
    const { order } = await orders.drafting.propose(proposer.id, { ...PROPOSAL, publication: { law: 'a law' } });
    const proposed = await shown(order, 1);
    expect(proposed.keys).toEqual(['digest']);
    expect(JSON.parse(proposed.subject)).toMatchObject({ order, revision: 1, of: 'rehearsal', devices: 1 });
    for (const person of [ada, ben]) await made.world.sign(order, 1, person);
    // The public revision is not adopted, so the order remains withheld.
    await orders.drafting.proposeAction(proposer.id, order, { action: 'revise', publication: null });
    for (const revision of [1, 2]) expect((await shown(order, revision)).keys).toEqual(['digest']);
    for (const person of [ada, ben]) await made.world.sign(order, 2, person);
    expect((await shown(order, 2)).keys).toEqual(openly);
  });
});
