/** An order's pack over every store: it holds by its public root alone, names nobody, and is made without holding up the loop. */
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { leafSchema } from '../../shared/ledger/leaf.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { readZip } from '../../shared/pack/zip.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrolment.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { PROPOSAL } from '../support/order-world.ts';
import { liveThrough, ORDER, openPackWorld, type PackWorld } from '../support/pack-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore, describeOnSqlite } from './every-store.ts';

const { authority, remove } = testAuthority();
afterAll(remove);

describeOnEveryStore('packs', (open) => {
  let database: Database;
  let made: PackWorld;
  beforeEach(async () => {
    database = await open();
    made = await openPackWorld(database, authority);
  });
  afterEach(() => made.stop());

  it('holds by the public root alone, and says what is proven and what is not', async () => {
    await liveThrough(made);
    const report = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(report.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(report).toMatchObject({ order: ORDER, holds: true, madeAt: '2015-12-03T00:00:00.000Z' });
    const proven = report.findings
      .filter(({ verdict }) => verdict === 'proven')
      .map(({ words }) => words)
      .join('\n');
    expect(proven).toMatch(/Revision 1 \(propose\) was proposed by per_\w+ and approved by per_\w+ and per_\w+/);
    expect(proven).toMatch(/Revision 2 \(revise\) was proposed, and 1 approval given; it was never adopted/);
    expect(proven).toMatch(/Revision 4 \(hold\) holds the order for 72 hours at most by the word of per_\w+, /);
    expect(proven).toMatch(/found the order in force \(revision 3\)/);
    expect(proven).toMatch(/Revision 6 stood in the public order list from list \d+ on/);
    expect(proven).toMatch(/4 receipts of 2 devices .* 2 informed, 0 shown, 1 enforced, 1 restored/);
    const unproven = report.findings
      .filter(({ verdict }) => verdict === 'unproven')
      .map(({ words }) => words)
      .join('\n');
    expect(unproven).toMatch(/reached and who never answered: 3 devices and 1 device by the server’s own word/);
    expect(unproven).toMatch(/That a person has read anything/);
  });

  it('names nobody, and calls a device something else in each pack', async () => {
    const { silent } = await liveThrough(made);
    const [one, other] = [await made.pack(ORDER), await made.pack(ORDER)];
    for (const secret of [silent.id, 'Somebody', '@example.com']) expect(one.includes(secret)).toBe(false);
    const handles = (zip: Buffer) => [...new Set(zip.toString('latin1').match(/device-[a-z2-7]{10}/g))];
    expect(handles(one)).toHaveLength(3);
    expect(handles(other).filter((handle) => handles(one).includes(handle))).toEqual([]);
    const rows = await database.db.selectFrom('pack_devices').selectAll().execute();
    expect(rows.map(({ handle }) => handle).sort()).toEqual([...handles(one), ...handles(other)].sort());
  });

  it('a device that tells of revisions that it cannot have been given is not heard, and spoils nobody’s pack', async () => {
    await liveThrough(made);
    const liar = await made.addDevice();
    const lies = [{ revision: 999 }, { revision: 2 }, { order: '2015-999' }, { listVersion: 1 }] as const;
    for (const lie of lies) await made.answer(liar, { ...lie, kind: 'wiped' });
    await made.verified();
    expect(made.world.alarms).toEqual(lies.map(() => 'receipt_invalid'));
    const { holds, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(holds).toBe(true);
    const said = findings.map(({ words }) => words).join('\n');
    expect(said).toMatch(/4 receipts of 2 devices .* 0 wiped/);
    expect(said).toMatch(/reached and who never answered: 4 devices and 2 devices/);
    // They are kept as they came.
    const kept = await database.db.selectFrom('receipts').select('verified').where('device_id', '=', liar.id).execute();
    expect(kept.map(({ verified }) => verified)).toEqual(lies.map(() => 2));
  });

  it('holds when the lists of then are no longer kept, and says what that leaves unproven', async () => {
    await liveThrough(made);
    const { listed_in: first } = await database.db
      .selectFrom('order_revisions')
      .select('listed_in')
      .where('revision', '=', 1)
      .executeTakeFirstOrThrow();
    await database.db
      .deleteFrom('order_lists')
      .where('version', '=', first ?? 0)
      .execute();
    const { holds, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(holds).toBe(true);
    const unproven = findings.filter(({ verdict }) => verdict === 'unproven').map(({ words }) => words);
    expect(unproven).toContainEqual(expect.stringContaining('In which public list revision 1 first stood'));
  });

  it('of an order that the law keeps from the public, it finds the stub in the list that stood for it', async () => {
    const { ada, ben, proposer } = made.world.people;
    await made.world.root([ada, ben], [ada, ben]);
    await made.world.orders.propose(proposer.id, { ...PROPOSAL, publication: { law: 'a law' } });
    for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
    const { holds, findings } = await verifyPack(await made.pack(ORDER), made.root());
    expect(holds).toBe(true);
    const proven = findings.filter(({ verdict }) => verdict === 'proven').map(({ words }) => words);
    expect(proven).toContainEqual(expect.stringContaining('Revision 1 stood in the public order list from list'));
  });

  it('names that are sealed for an order that is kept from the public show the hash of their file and no more', async () => {
    const { orders, people } = made.world;
    const { ada, ben, proposer } = people;
    await made.world.root([ada, ben], [ada, ben]);
    await made.addDevice();
    const recipient = { name: 'Counsel', key: await identityToRecipient(await generateIdentity()) };
    const by = newAccountId();
    const shown = async (order: string, revision: number) => {
      await orders.impactNames(order, revision, { at: 'now' }, { recipient, by });
      const { leaf_id, subject } = await database.db
        .selectFrom('ledger_openings')
        .innerJoin('ledger_leaves', 'ledger_leaves.id', 'leaf_id')
        .select(['leaf_id', 'subject'])
        .where('kind', '=', 'names.sealed')
        .orderBy('leaf_id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      const { body } = await database.db
        .selectFrom('ledger_leaves')
        .select('body')
        .where('id', '=', leaf_id)
        .executeTakeFirstOrThrow();
      expect(subject).toContain(`${by} for ${recipient.key} Counsel`);
      return { subject, keys: Object.keys(leafSchema.parse(JSON.parse(body)).public).sort() };
    };
    const openly = ['devices', 'digest', 'of', 'order', 'revision'];
    const plain = await orders.propose(proposer.id, PROPOSAL);
    expect(await shown(plain.order, 1)).toMatchObject({ keys: openly });
    const { order } = await orders.propose(proposer.id, { ...PROPOSAL, publication: { law: 'a law' } });
    const proposed = await shown(order, 1);
    expect(proposed.keys).toEqual(['digest']);
    expect(JSON.parse(proposed.subject)).toMatchObject({ order, revision: 1, of: 'rehearsal', devices: 1 });
    for (const person of [ada, ben]) await made.world.sign(order, 1, person);
    // Public, and not adopted: the order is kept back until it is.
    await orders.act(proposer.id, order, { act: 'revise', publication: null });
    for (const revision of [1, 2]) expect((await shown(order, revision)).keys).toEqual(['digest']);
    for (const person of [ada, ben]) await made.world.sign(order, 2, person);
    expect((await shown(order, 2)).keys).toEqual(openly);
  });

  it('of an order that nobody has approved says so, and nothing of devices', async () => {
    const { ada, ben, proposer } = made.world.people;
    await made.world.root([ada, ben], [ada, ben]);
    await made.world.orders.propose(proposer.id, PROPOSAL);
    const report = await verifyPack(await made.pack(ORDER), made.root());
    expect(report.holds).toBe(true);
    expect(report.findings.some(({ words }) => words.includes('it was never adopted'))).toBe(true);
    await expect(made.pack('2015-999')).rejects.toThrow('There is no order');
  });
});

describeOnSqlite('a pack of many receipts', (open) => {
  it('10,000 receipts hold up the loop for no more than 50 ms', async () => {
    const made = await openPackWorld(await open(), authority);
    const { ada, ben, proposer } = made.world.people;
    await made.world.root([ada, ben], [ada, ben]);
    await made.world.orders.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
    const devices = await Promise.all(Array.from({ length: 500 }, () => made.addDevice()));
    for (let at = NOW; at < NOW + 20; at += 1) {
      await Promise.all(
        devices.map((device) => made.answer(device, { kind: 'shown', at: new Date(at).toISOString() })),
      );
    }
    await made.verified();
    const longest = longestTurn();
    const zip = await made.pack(ORDER);
    expect(longest()).toBeLessThan(50);
    expect(readZip(zip).files.filter(({ name }) => name.startsWith('receipts/'))).toHaveLength(25);
    const { holds, findings } = await verifyPack(zip, made.fingerprint());
    expect(holds).toBe(true);
    expect(findings.some(({ words }) => words.startsWith('10000 receipts of 500 devices'))).toBe(true);
    await made.stop();
  }, 120_000);
});
