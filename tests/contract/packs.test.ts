/** Evidence packs on every store: valid by the public root alone, without names, and made without blocking the event loop. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { appendEntry } from '../../server/store/append-entries.ts';
import type { Database } from '../../server/store/database.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { PackStore } from '../../server/store/pack-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { readReceipt } from '../../shared/order/receipt.ts';
import {
  LOCATIONS,
  MOST_STORED_LISTS,
  receiptsSchema,
  SILENT,
  SUMMARY,
  silentSchema,
} from '../../shared/pack/format.ts';
import { locationsSchema } from '../../shared/pack/location-records.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { readZip } from '../../shared/pack/zip.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrollment.ts';
import { PROPOSAL } from '../support/order-world.ts';
import {
  changeLocation,
  liveThrough,
  ORDER,
  openPackWorld,
  type PackDevice,
  type PackWorld,
} from '../support/pack-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
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

  it('are valid by the public root alone, and list proven and unproven statements', async () => {
    await liveThrough(made);
    const report = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(report.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(report).toMatchObject({ order: ORDER, valid: true, madeAt: '2015-12-03T00:00:00.000Z' });
    const proven = report.findings
      .filter(({ verdict }) => verdict === 'proven')
      .map(({ words }) => words)
      .join('\n');
    expect(proven).toMatch(/Revision 1 \(propose\) was proposed by per_\w+ and approved by per_\w+ and per_\w+/);
    expect(proven).toMatch(/Revision 2 \(revise\) was proposed, and 1 approval given; it was never adopted/);
    expect(proven).toMatch(/Revision 4 \(pause\) pauses the order for at most 72 hours\. It was approved by per_\w+, /);
    expect(proven).toMatch(/recorded that the order took effect \(revision 3\)/);
    expect(proven).toMatch(/The public order list contained revision 6 from list \d+ on/);
    expect(proven).toMatch(/4 receipts of 2 devices .* 2 delivered, 0 displayed, 1 enforced, 1 restored/);
    const unproven = report.findings
      .filter(({ verdict }) => verdict === 'unproven')
      .map(({ words }) => words)
      .join('\n');
    expect(unproven).toMatch(/never responded: 3 devices and 1 device by the server’s own statement/);
    expect(unproven).toMatch(
      /That the pack was made at 2015-12-03T00:00:00.000Z: .* not before 2015-12-03T00:00:00.000Z/,
    );
    expect(unproven).toMatch(/That a person has read a text/);
  });

  it('contain the location changes about the order with ledger proofs, and name no device', async () => {
    await liveThrough(made);
    const [by, confirmedBy] = [newAccountId(), newAccountId()];
    const until = made.world.clock.now() + 3 * DAY;
    const areas = [parseHomeArea('DE')];
    const statement = { kind: 'presence', areas, reason: 'Mehmet is on a trip', until, by, confirmedBy } as const;
    const device = await changeLocation(database, made, { statement }, { confirmedBy });
    await changeLocation(database, made, { statement: null }, { confirmedBy: null, device });
    await changeLocation(database, made, { home: parseHomeArea('SE') }, { confirmedBy, device });
    const zip = await made.pack(ORDER);
    const files = new Map(readZip(zip).files.map(({ name, bytes }) => [name, String(Buffer.from(bytes))]));
    const records = locationsSchema.parse(JSON.parse(files.get(LOCATIONS) ?? ''));
    const [handle] = [...new Set(records.map((record) => record.device))];
    expect(records).toMatchObject([
      { kind: 'presence', areas: ['DE'], until: new Date(until).toISOString(), by, confirmedBy, device: handle },
      { kind: 'ended', areas: [], until: null, confirmedBy: null, device: handle },
      { kind: 'assignment', home: 'SE', seat: null, confirmedBy, device: handle },
    ]);
    for (const secret of [device, 'Mehmet']) expect(zip.includes(secret)).toBe(false);
    const report = await verifyPack(zip, made.fingerprint());
    const words = (wanted: string) =>
      report.findings.filter(({ verdict }) => verdict === wanted).map((each) => each.words);
    expect([report.valid, words('failed')]).toEqual([true, []]);
    const proven = words('proven').filter((each) => each.startsWith('The ledger has a location change'));
    expect(proven).toEqual([
      expect.stringMatching(`${handle}, stated location DE until .*, by ${by}, confirmed by ${confirmedBy} at`),
      expect.stringMatching(`${handle}, location statement ended, by acc_\\w+, not confirmed by a second admin at`),
      expect.stringMatching(`${handle}, home set to SE, seat set to none, by acc_\\w+, confirmed by ${confirmedBy} at`),
    ]);
    expect(words('unproven').join()).toContain('The devices of these location changes');
    expect(files.get(SUMMARY)).toMatch(/<h2>Location changes by admins<\/h2>[\s\S]*stated location DE until/);
    const named = await made.packs.made(ORDER);
    expect(named[0]?.devices).toBe(4);
    // Another order has none of them.
    expect(await new PackStore(database).locationChanges('2015-002', 10)).toEqual([]);
  });

  it.each([
    [
      'none',
      0,
      'unproven',
      /^Self-attested: the installation has no proof of the e-mail addresses of all 3 approvers\.$/,
    ],
    ['some', 1, 'unproven', /^Self-attested: .* of 2 of 3 approvers\. Verified: key [0-9a-f]{16}…\.$/],
    [
      'all',
      3,
      'proven',
      /^The approvers signed a statement that the installation verified the address of each approver\.$/,
    ],
  ] as const)('case 31: say which approvers are verified: %s', async (_which, count, verdict, words) => {
    const keys = [made.world.people.ada, made.world.people.ben, made.world.people.cyd].slice(0, count);
    for (const { key } of keys) {
      await database.db
        .updateTable('accounts')
        .set(({ ref }) => ({ verified_email: ref('email'), email_verified_at: 1 }))
        .where('id', 'in', (all) => all.selectFrom('approver_keys').select('account_id').where('keyid', '=', key.keyid))
        .execute();
    }
    await liveThrough(made);
    const pack = await made.pack(ORDER);
    const { findings, valid } = await verifyPack(pack, made.fingerprint());
    const said = findings.filter((each) => words.test(each.words)).map((each) => each.verdict);
    expect([valid, said]).toEqual([true, [verdict]]);
    const summary = readZip(pack).files.find(({ name }) => name === SUMMARY);
    expect(String(summary?.bytes)).toContain(
      count === 3 ? 'Verified: the installation proved' : 'Self-attested: the installation has no proof',
    );
  });

  it('distinguish late notices from timely ones by the valid date', async () => {
    const { obeys, hears, silent } = await liveThrough(made);
    const inTime = Date.parse(made.world.orders.adoption.termsOf(ORDER)?.effective ?? '') - 27 * DAY;
    const says = (device: PackDevice, kind: 'delivered' | 'displayed', revision: number, at: number) =>
      made.answer(device, { kind, revision, notice: 'P30D', at: new Date(at).toISOString() });
    await says(obeys, 'delivered', 3, inTime);
    await says(hears, 'delivered', 3, inTime + 1);
    await says(hears, 'displayed', 3, inTime + DAY);
    // This receipt is about another date.
    await says(silent, 'delivered', 1, inTime);
    await made.verified();
    const page = readZip(await made.pack(ORDER)).files.find(({ name }) => name === SUMMARY)?.bytes;
    expect(String(Buffer.from(page ?? []))).toContain(
      '<th scope="row">30 days before</th><td>delivered to 2 devices (1 of them late), displayed on 1</td>',
    );
  });

  it('name no person, and use another handle of a device in each pack', async () => {
    const { silent } = await liveThrough(made);
    const [one, other] = [await made.pack(ORDER), await made.pack(ORDER)];
    for (const secret of [silent.id, 'Samantha', '@example.com']) expect(one.includes(secret)).toBe(false);
    const handles = (zip: Buffer) => [...new Set(zip.toString('latin1').match(/device-[a-z2-7]{10}/g))];
    expect(handles(one)).toHaveLength(3);
    expect(handles(other).filter((handle) => handles(one).includes(handle))).toEqual([]);
    const rows = await database.db.selectFrom('pack_devices').selectAll().execute();
    expect(rows.map(({ handle }) => handle).sort()).toEqual([...handles(one), ...handles(other)].sort());
  });

  it.each(['no action', 'an action'])(
    'have the entry of a slowly recorded start before the entries of later actions: %s',
    async (before) => {
      const { ada, ben, proposer } = made.world.people;
      await made.world.approverSet([ada, ben], [ada, ben]);
      await made.world.orders.drafting.propose(proposer.id, PROPOSAL);
      for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
      const store = new ExecutionStore(database);
      const record = store.recordExecution.bind(store);
      const slow = vi.spyOn(ExecutionStore.prototype, 'recordExecution').mockImplementation(async (...given) => {
        await delay(500);
        await record(...given);
      });
      onTestFinished(() => slow.mockRestore());
      made.world.clock.jump(Date.parse('2015-12-01T00:00:00.000Z'));
      if (before === 'an action')
        await made.world.orders.drafting.proposeAction(proposer.id, ORDER, { action: 'pause' });
      const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
      expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
      expect(findings.map(({ words }) => words).join('\n')).toMatch(/recorded that the order took effect/);
    },
  );

  describe('devices that never answered', () => {
    const IN_FORCE = Date.parse('2015-12-01T00:00:00.000Z');
    const whole = (revision: number) =>
      until(async () => {
        const rows = await database.db.selectFrom('order_affected_complete').selectAll().execute();
        expect(rows.map((row) => row.revision)).toContain(revision);
      });
    const written = async () => {
      const rows = await database.db.selectFrom('order_affected_devices').selectAll().orderBy('device_id').execute();
      return rows.map(({ device_id, revision }) => [device_id, revision]);
    };
    const silent = async () => {
      const file = readZip(await made.pack(ORDER)).files.find(({ name }) => name === SILENT);
      const { affected, silent: handles } = silentSchema.parse(JSON.parse(String(Buffer.from(file?.bytes ?? []))));
      return { affected, silent: handles.length };
    };
    /** An adopted order that affects three devices from its start. */
    async function adopted(): Promise<PackDevice[]> {
      const { ada, ben, proposer } = made.world.people;
      await made.world.approverSet([ada, ben], [ada, ben]);
      const inside = [await made.addDevice(), await made.addDevice(), await made.addDevice()];
      await made.world.orders.drafting.propose(proposer.id, { ...PROPOSAL, effective: '2015-12-01T00:00' });
      for (const person of [ada, ben]) await made.world.sign(ORDER, 1, person);
      return inside;
    }

    it('include devices that left after the start of the order', async () => {
      const [gone, moved, stays] = await adopted();
      if (!gone || !moved || !stays) throw new Error('three devices');
      expect(await silent()).toEqual({ affected: 3, silent: 3 });
      expect(await written()).toEqual([]);
      made.world.clock.jump(IN_FORCE);
      await whole(1);
      const elsewhere = made.world.addDevice('IN');
      const place = made.world.devices.get(elsewhere);
      if (place) made.world.devices.set(moved.id, place);
      made.world.devices.delete(gone.id);
      const late = await made.addDevice();
      await made.answer(stays, {});
      await made.verified();
      expect(await silent()).toEqual({ affected: 4, silent: 3 });
      const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
      expect(findings.map(({ words }) => words).join('\n')).toMatch(
        /never responded: 4 devices and 3 devices by the server’s own statement/,
      );
      made.world.devices.delete(late.id);
      expect(await silent()).toEqual({ affected: 3, silent: 2 });
    });

    it('exclude devices that enforced the order and left before the pack was made', async () => {
      await adopted();
      made.world.clock.jump(IN_FORCE);
      await whole(1);
      const [late, silentOne] = [await made.addDevice(), await made.addDevice()];
      await made.answer(late, { kind: 'enforced', service: 'messaging', gate: 'closed' });
      await made.verified();
      for (const { id } of [late, silentOne]) made.world.devices.delete(id);
      expect(await silent()).toEqual({ affected: 4, silent: 3 });
      const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
      expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    });

    it('are recorded once, also after a change of the active order, and completely after a crash', async () => {
      const inside = await adopted();
      await made.world.orders.stop();
      made.world.clock.jump(IN_FORCE);
      // A crash happens after the first record.
      const [first] = inside;
      const row = { order_number: ORDER, device_id: first?.id ?? '', revision: 1 };
      await database.db.insertInto('order_affected_devices').values(row).execute();
      await made.world.reopen();
      await whole(1);
      const all = inside.map(({ id }) => [id, 1]).sort();
      expect(await written()).toEqual(all);
      const later = made.world.addDevice('IN');
      const { ada, ben, proposer } = made.world.people;
      await made.world.orders.drafting.proposeAction(proposer.id, ORDER, { action: 'revise', areas: ['PK', 'IN'] });
      expect(await written()).toEqual(all);
      for (const person of [ada, ben]) await made.world.sign(ORDER, 2, person);
      await whole(2);
      expect(await written()).toEqual([...all, [later, 2]].sort());
      const inTheMeantime = await made.addDevice();
      await (await made.world.reopen()).stop();
      expect((await written()).flat()).not.toContain(inTheMeantime.id);
    });
  });

  it('ignore receipts about revisions that the device cannot have received', async () => {
    await liveThrough(made);
    const liar = await made.addDevice();
    const lies = [{ revision: 999 }, { revision: 2 }, { order: '2015-999' }, { listVersion: 1 }] as const;
    for (const lie of lies) await made.answer(liar, { ...lie, kind: 'wiped' });
    await made.verified();
    expect(made.world.alerts).toEqual(lies.map(() => 'receipt_invalid'));
    const { valid, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(valid).toBe(true);
    const said = findings.map(({ words }) => words).join('\n');
    expect(said).toMatch(/4 receipts of 2 devices .* 0 wiped/);
    expect(said).toMatch(/never responded: 4 devices and 2 devices/);
    // The store keeps refused receipts unchanged.
    const kept = await database.db.selectFrom('receipts').select('verified').where('device_id', '=', liar.id).execute();
    expect(kept.map(({ verified }) => verified)).toEqual(lies.map(() => 2));
  });

  it('ignore receipts with a second signature or a noncanonical signature', async () => {
    await liveThrough(made);
    const odd = await made.addDevice();
    const { orders } = made.world;
    const sent = made.receipt(odd, {});
    const [own] = sent.signatures;
    await orders.receipts.store(odd.id, 1, {
      ...sent,
      signatures: [...sent.signatures, { keyid: 'a'.repeat(64), sig: '' }],
    });
    // Base64 ignores some bits of the last character, so one signature has several spellings.
    let sig = '';
    let at = NOW;
    let spelt = sent;
    while (!sig.endsWith('=')) {
      at += 1;
      spelt = made.receipt(odd, { at: new Date(at).toISOString() });
      sig = spelt.signatures[0]?.sig ?? '';
    }
    const last = sig.replace(/=+$/, '').at(-1) ?? '';
    const other = sig.replace(/.(=+)$/, `${String.fromCharCode(last.charCodeAt(0) + 1)}$1`);
    expect(Buffer.from(other, 'base64')).toEqual(Buffer.from(sig, 'base64'));
    await orders.receipts.store(odd.id, 1, { ...spelt, signatures: [{ keyid: own?.keyid ?? '', sig: other }] });
    await made.verified();
    expect(made.world.alerts).toEqual(['receipt_invalid', 'receipt_invalid']);
    // The store keeps the first copy of a receipt. A second copy with a valid signature must not make the first copy evidence.
    await orders.receipts.store(odd.id, 1, sent);
    await made.verified();
    const kept = await database.db.selectFrom('receipts').select('verified').where('device_id', '=', odd.id).execute();
    expect(kept.map(({ verified }) => verified)).toEqual([2, 2]);
    const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(findings.map(({ words }) => words).join('\n')).toMatch(/4 receipts of 2 devices/);
  });

  it('separate the enrollments of a device that enrolled again with the same key', async () => {
    const { obeys } = await liveThrough(made);
    await made.certify(obeys, 2);
    await made.answer(obeys, { generation: 2, revision: 6 });
    await made.verified();
    expect(made.world.alerts).toEqual([]);
    const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(findings.map(({ words }) => words).join('\n')).toMatch(/5 receipts of 2 devices/);
  });

  it('contain only the first and last receipts of a device that repeats them, and say so', async () => {
    const { obeys } = await liveThrough(made);
    const shown = Array.from({ length: 2_003 }, (_, at) => ({
      ...({ kind: 'displayed', at: new Date(NOW + at).toISOString() } as const),
    }));
    await Promise.all(shown.map((said) => made.answer(obeys, said)));
    await made.verified();
    const zip = await made.pack(ORDER);
    const { findings } = await verifyPack(zip, made.fingerprint());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const said = findings.map(({ verdict, words }) => `${verdict}: ${words}`).join('\n');
    expect(said).toMatch(/proven: 2004 receipts of 2 devices .* 2 delivered, 1 displayed, 1 enforced, 1 restored/);
    expect(said).toMatch(/unproven: The content of 3 more receipts of 1 device\. .* the first 1000 and the last 1000/);
    const file = readZip(zip).files.find(({ name }) => name === 'receipts/1.json');
    const groups = receiptsSchema.parse(JSON.parse(String(Buffer.from(file?.bytes ?? []))));
    const times = groups
      .flatMap(({ receipts }) => receipts.map(readReceipt))
      .flatMap(({ kind, at }) => (kind === 'displayed' ? [Date.parse(at) - NOW] : []));
    expect([times.length, times[999], times[1_000], times.at(-1)]).toEqual([2_000, 999, 1_003, 2_002]);
  });

  it('remain valid after old lists are deleted, and say what is unproven', async () => {
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
    const missing = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(missing.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([
      expect.objectContaining({ file: `lists/${first}.json`, words: expect.stringContaining('The operator left') }),
    ]);
    await made.skipLists((first ?? 0) + MOST_STORED_LISTS);
    const { valid, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(valid).toBe(true);
    const unproven = findings.filter(({ verdict }) => verdict === 'unproven').map(({ words }) => words);
    expect(unproven).toContainEqual(expect.stringContaining('The first public order list with revision 1'));
  });

  it.each([
    ['server.restored', { recoveryPoint: NOW }, /the server was restored from a backup/],
    ['time.corrected', { version: 1, from: NOW, until: NOW + 400 * DAY }, /the server’s clock was wrong and corrected/],
  ] as const)('remain valid after %s, and say what times no longer prove', async (kind, said, why) => {
    await database.transaction((tx) => appendEntry(tx, { kind, at: NOW, subject: null, public: said }));
    await liveThrough(made);
    // A restored store may lack order lists that the ledger has.
    if (kind === 'server.restored') await database.db.deleteFrom('order_lists').where('version', '=', 2).execute();
    const { valid, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(valid).toBe(true);
    const unproven = findings.filter(({ verdict }) => verdict === 'unproven').map(({ words }) => words);
    expect(unproven).toContainEqual(
      expect.stringMatching(/^That the ledger has each start and end of the order’s effect/),
    );
    expect(unproven).toContainEqual(expect.stringMatching(why));
  });

  it('prove by a retained list the first listing of its newest revision only', async () => {
    await liveThrough(made);
    const rows = await database.db.selectFrom('order_revisions').select(['revision', 'listed_in']).execute();
    const lists = new Map(rows.map(({ revision, listed_in }) => [revision, listed_in ?? 0]));
    // The list with the pause also contains the paused revision.
    await database.db
      .deleteFrom('order_lists')
      .where('version', '<', lists.get(4) ?? 0)
      .execute();
    await made.skipLists((lists.get(3) ?? 0) + MOST_STORED_LISTS);
    const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const words = findings.map((finding) => finding.words).join('\n');
    for (const gone of [1, 3]) {
      expect(words).toContain(
        `The first public order list with revision ${gone}: the server no longer keeps that list (list ${lists.get(gone)}; the newest here is ${(lists.get(3) ?? 0) + MOST_STORED_LISTS}).`,
      );
      expect(words).not.toContain(`Revision ${gone} stood in the public order list`);
    }
    for (const kept of [4, 5, 6])
      expect(words).toContain(`The public order list contained revision ${kept} from list ${lists.get(kept)} on.`);
  });

  it('name the approvers who adopted the order, also after one signed again with a newer key', async () => {
    const { world } = made;
    const { ada, ben, proposer } = world.people;
    await world.approverSet([ada, ben], [ada, ben]);
    await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(ORDER, 1, person);
    const [first, second] = [
      { id: ada.id, key: await world.addKey(ada.id) },
      { id: ben.id, key: await world.addKey(ben.id) },
    ];
    await world.approverSet([first, second], [ada, ben, first, second]);
    await world.sign(ORDER, 1, first);
    const { findings } = await verifyPack(await made.pack(ORDER), made.root());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const proven = findings.map(({ words }) => words).join('\n');
    expect(proven).toContain(`approved by ${[ada.id, ben.id].sort().join(' and ')}, with keys of approver set 1.`);
  });

  it('of an order without approvals say so, and contain no devices', async () => {
    const { ada, ben, proposer } = made.world.people;
    await made.world.approverSet([ada, ben], [ada, ben]);
    await made.world.orders.drafting.propose(proposer.id, PROPOSAL);
    const report = await verifyPack(await made.pack(ORDER), made.root());
    expect(report.valid).toBe(true);
    expect(report.findings.some(({ words }) => words.includes('it was never adopted'))).toBe(true);
    await expect(made.pack('2015-999')).rejects.toThrow('There is no order');
  });
});
