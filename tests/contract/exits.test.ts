/** Exits on every store: receipts of devices, the end of their enrollments, destroyed data, and its proof in a pack. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { createHolds } from '../../server/holds/holds.ts';
import { SILENT_AFTER } from '../../server/orders/exit/exit-progress.ts';
import type { Database } from '../../server/store/database.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { ProposalStore } from '../../server/store/proposal-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { canonicalText, encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope, Receipt } from '../../shared/order/documents.ts';
import { parseEnvelope, signEnvelope } from '../../shared/order/dsse.ts';
import type { Destruction } from '../../shared/pack/destruction.ts';
import { DESTRUCTION, ENTRIES, MANIFEST, numbered, PACK_TYPE, PUBLIC_ROOT, SILENT } from '../../shared/pack/format.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { readZip, ZipWriter } from '../../shared/pack/zip.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrollment.ts';
import { PROPOSAL } from '../support/order-world.ts';
import { ORDER, openPackWorld, type PackDevice, type PackWorld } from '../support/pack-world.ts';
import { addPerson } from '../support/persons.ts';
import { INSTALLATION, NOW } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const { authority, remove } = testAuthority();
afterAll(remove);

describeOnEveryStore('an exit', (open) => {
  let database: Database;
  let made: PackWorld;
  let effective: number;
  beforeEach(async () => {
    database = await open();
    made = await openPackWorld(database, authority);
    const { ada, ben, cyd, proposer } = made.world.people;
    await made.world.approverSet([ada, ben, cyd], [ada, ben]);
    const { payload } = await made.world.orders.drafting.propose(proposer.id, {
      ...PROPOSAL,
      ...{ mode: 'exit', exportWindow: 'P30D', nexus: ['home'], services: ['messaging'] },
    });
    effective = Date.parse(JSON.parse(payload).terms.effective);
    await approve(1);
  });
  afterEach(() => made.stop());

  async function approve(revision: number): Promise<void> {
    const { ada, ben } = made.world.people;
    for (const person of [ada, ben]) await made.world.sign(ORDER, revision, person);
  }
  const act = async (what: 'exit' | 'pause' | 'resume' | 'revise' | 'withdraw') => {
    const { revision } = await made.world.orders.drafting.act(made.world.people.proposer.id, ORDER, { action: what });
    return revision;
  };
  const over = () => made.world.clock.jump(effective + 30 * DAY);

  /** Device with one row in each table whose data an exit deletes. */
  async function device(): Promise<PackDevice> {
    const one = await made.addDevice();
    const { db } = database;
    await db
      .insertInto('groups')
      .values({ id: made.world.group, name: 'all', home: null, seat: null, created_at: NOW })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    const person = await database.transaction((tx) => addPerson(tx, 'Somebody', made.world.group));
    await db
      .insertInto('devices')
      .values({
        ...{ id: one.id, generation: 1, status: 'active', person_name: 'Somebody', person_id: person },
        ...{ group_id: made.world.group, home: 'PK', seat: null, enrolled_at: NOW, ended_at: null, record_version: 0 },
        ...{ statement: null, statement_until: null, stated_home: null, located: 0 },
      })
      .execute();
    const held = { device_id: one.id, size: 7, at: NOW, body: randomBytes(7) };
    await db
      .insertInto('attachments')
      .values({ id: randomBytes(8).toString('hex'), ...held })
      .execute();
    await db
      .insertInto('device_inventory')
      .values({ device_id: one.id, at: NOW, hostname: null, platform: null, body: '{}' })
      .execute();
    await db
      .insertInto('key_packages')
      .values({ device_id: one.id, generation: 1, last_resort: 1, body: 'AA==' })
      .execute();
    return one;
  }
  const says = async (one: PackDevice, kind: Receipt['kind'], revision: number) => {
    const at = new Date(made.world.clock.now()).toISOString();
    await made.answer(one, { kind, revision, at });
    await made.verified();
  };
  const progress = () => made.world.orders.exit.progressAnew(ORDER);
  const statusOf = async (one: PackDevice) => {
    const row = await database.db.selectFrom('devices').select('status').where('id', '=', one.id).executeTakeFirst();
    return row?.status;
  };
  const ended = async (one: PackDevice) => {
    await until(async () => expect(await statusOf(one)).toBe('revoked'), 20_000);
    // The fleet of the test world has active devices only.
    made.world.devices.delete(one.id);
  };

  it('can be proposed after the export window, and only for an order with exit mode', async () => {
    const code = (work: Promise<unknown>) =>
      work.then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await code(act('exit'))).toBe('exit_too_early');
    over();
    await act('pause');
    const { ada, proposer } = made.world.people;
    await made.world.sign(ORDER, 2, ada);
    expect(await code(act('exit'))).toBe('action_not_allowed');
    const other = await made.world.orders.drafting.propose(proposer.id, { ...PROPOSAL, effective: '2017-01-01T00:00' });
    for (const person of [ada, made.world.people.ben]) await made.world.sign(other.order, 1, person);
    made.world.clock.jump(Date.parse('2018-01-01T00:00:00.000Z'));
    expect(await code(made.world.orders.drafting.act(proposer.id, other.order, { action: 'exit' }))).toBe(
      'exit_not_stated',
    );
  });

  it('needs two approvals of its own, besides those of the order', async () => {
    over();
    const revision = await act('exit');
    const { ada, proposer } = made.world.people;
    expect(await made.world.sign(ORDER, revision, ada)).toMatchObject({ adopted: false });
    await expect(made.world.sign(ORDER, revision, { ...proposer })).rejects.toMatchObject({ code: 'approver_unknown' });
    expect(await progress()).toBeNull();
  });

  it('ends the enrollments of wiped devices and deletes their data, and a pack proves it', async () => {
    const [gone, waits] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(gone, 'wiped', revision);
    await ended(gone);
    expect(await progress()).toMatchObject({ revision, wiped: 1, silent: 0, unanswered: 1, waiting: 0 });
    expect(await statusOf(waits)).toBe('active');
    const left = await Promise.all(
      (['attachments', 'device_inventory', 'key_packages', 'mailbox_entries'] as const).map(async (table) => {
        const rows = await database.db.selectFrom(table).select('device_id').execute();
        return rows.map(({ device_id }) => device_id);
      }),
    );
    expect(left.flat()).not.toContain(gone.id);
    expect(left.flat()).toContain(waits.id);
    const { destroyed } = (await progress()) ?? {};
    expect(destroyed).toMatchObject({
      certificates: 1,
      keyPackages: 1,
      attachments: 1,
      attachmentBytes: 7,
      inventories: 1,
    });

    const zip = await made.pack(ORDER);
    const report = await verifyPack(zip, made.fingerprint());
    expect(report.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const words = report.findings.map((finding) => finding.words).join('\n');
    expect(words).toMatch(/The exit ended 1 enrollment \(0 of devices that never responded\), with 1 certificate/);
    const refused = async (change: (all: Destruction) => void) => {
      const { findings } = await verifyPack(signedAnew(zip, change), made.fingerprint());
      return findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []));
    };
    expect(await refused(({ devices }) => devices.splice(0, 1))).toEqual([
      'destruction.json contradicts the ledger entries of this exit.',
    ]);
    expect(await refused(({ devices: [one] }) => one && Object.assign(one.destroyed, { messages: 9 }))).toHaveLength(1);
    const [silent] = readZip(zip).files.filter(({ name }) => name === 'silent.json');
    const { silent: handles } = JSON.parse(String(Buffer.from(silent?.bytes ?? [])));
    expect(await refused(({ devices: [one] }) => one && Object.assign(one, { device: handles[0] }))).toEqual([
      `destruction.json lists ${handles[0]} as wiped, but the device has not signed this.`,
    ]);
    for (const other of [1, revision + 1]) {
      expect(await refused((all) => Object.assign(all, { revision: other }))).toEqual([
        `destruction.json names revision ${other}, which is not the approved exit: the newest is revision ${revision}.`,
      ]);
    }
    const adoptedAt = new Date(effective).toISOString();
    expect(await refused((all) => Object.assign(all, { adoptedAt }))).toEqual([
      `destruction.json states that revision ${revision} was adopted at ${adoptedAt}, and the ledger has no such entry.`,
    ]);
    const counted = await verifyPack(
      signedAnew(zip, (all) => Object.assign(all, { held: 5, waiting: 0, unanswered: 7 })),
      made.fingerprint(),
    );
    expect(counted.findings).toContainEqual({
      verdict: 'unproven',
      file: null,
      words:
        'Other devices of the exit, by the server’s own statement: 5 devices under a legal hold, 0 with a pending wipe and 7 without contact when the pack was made.',
    });
    const summary = readZip(zip).files.find(({ name }) => name === 'summary.html')?.bytes;
    expect(Buffer.from(summary ?? []).toString('utf8')).toContain('Certificate of destruction');
  });

  it('is not proven by receipts about a revision that is no exit', async () => {
    const [early, gone] = [await device(), await device()];
    await says(early, 'wiped', 1);
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(gone, 'wiped', revision);
    await ended(gone);
    const zip = await made.pack(ORDER);
    expect(await verifyPack(zip, made.fingerprint())).toMatchObject({ holds: true });
    const said = readZip(zip).files.find(({ name }) => name === numbered('receipts', 1))?.bytes;
    const groups: { device: string; receipts: Envelope[] }[] = JSON.parse(String(Buffer.from(said ?? [])));
    const about = ({ payload }: Envelope) => JSON.parse(Buffer.from(payload, 'base64').toString()).device;
    const handle = groups.find(({ receipts: [first] }) => first && about(first) === early.id)?.device ?? '';
    const { findings } = await verifyPack(
      signedAnew(zip, ({ devices: [one] }) => one && Object.assign(one, { device: handle })),
      made.fingerprint(),
    );
    expect(findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []))).toEqual([
      `destruction.json lists ${handle} as wiped, but the device has not signed this.`,
    ]);
  });

  /** Pack with a forged destruction file and a valid manifest, as an attacker with the online key could make it. */
  function signedAnew(zip: Buffer, change: (destruction: Destruction) => void): Buffer {
    const files = new Map(readZip(zip).files.map(({ name, bytes }) => [name, Buffer.from(bytes)]));
    const destruction: Destruction = JSON.parse(String(files.get(DESTRUCTION)));
    change(destruction);
    files.set(DESTRUCTION, Buffer.from(encodeCanonical(destruction)));
    const before = parseEnvelope(String(files.get(MANIFEST)));
    files.delete(MANIFEST);
    const manifest = JSON.parse(Buffer.from(before.payload, 'base64').toString());
    manifest.files = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }));
    const envelope = signEnvelope(PACK_TYPE, encodeCanonical(manifest), [made.world.online]);
    files.set(MANIFEST, Buffer.from(encodeCanonical(envelope)));
    const anew = new ZipWriter();
    return Buffer.concat([...[...files].map(([name, bytes]) => anew.add({ name, bytes })), anew.end()]);
  }

  it('that continues while a pack is made is in the pack up to its snapshot, and the pack is valid', async () => {
    const [gone, goes] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(gone, 'wiped', revision);
    await ended(gone);
    for (const during of [PUBLIC_ROOT, ENTRIES, SILENT]) {
      const next = during === PUBLIC_ROOT ? goes : await device();
      const zip = await taken(during, async () => {
        await says(next, 'wiped', revision);
        await ended(next);
        await made.ledger.sequence();
      });
      const { findings } = await verifyPack(zip, made.fingerprint());
      expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    }
    const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.map(({ words }) => words).join('\n')).toMatch(/The exit ended 4 enrollments/);
  });

  it('that is approved while a pack is made is in the next pack', async () => {
    const one = await device();
    await says(one, 'delivered', 1);
    over();
    let revision = 0;
    const zip = await taken(PUBLIC_ROOT, async () => {
      revision = await act('exit');
      await approve(revision);
      for (const kind of ['delivered', 'wiped'] as const) await says(one, kind, revision);
      await ended(one);
      await made.ledger.sequence();
    });
    expect(await verifyPack(zip, made.fingerprint())).toMatchObject({ holds: true });
    const names = readZip(zip).files.map(({ name }) => name);
    expect(names).not.toContain(numbered('revisions', revision));
    expect(names).not.toContain(DESTRUCTION);
    expect(await verifyPack(await made.pack(ORDER), made.fingerprint())).toMatchObject({ holds: true });
  });

  /** Makes a pack, and runs `meanwhile` when the pack has reached the given file. */
  async function taken(file: string, meanwhile: () => Promise<void>): Promise<Buffer> {
    const { content } = await made.packs.make(ORDER, newAccountId());
    const pieces: Buffer[] = [];
    for await (const piece of content) {
      pieces.push(piece);
      // The file name follows a local header (PKWARE's APPNOTE.TXT, section 4.3.7).
      if (piece.indexOf(file) === 30) await meanwhile();
    }
    return Buffer.concat(pieces);
  }

  it('ignores receipts of other devices, and ends wiped devices even after a withdrawal', async () => {
    const [one, other] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await made.answer({ ...one, key: other.key }, { kind: 'wiped', revision });
    await until(() => expect(made.world.alerts).toContain('receipt_invalid'), 20_000);
    expect(await statusOf(one)).toBe('active');
    await approve(await act('withdraw'));
    await made.answer(other, { kind: 'wiped', revision });
    await ended(other);
    expect(await statusOf(one)).toBe('active');
  });

  it('ignores receipts about unknown revisions and revisions without an exit', async () => {
    const [early, liar, honest] = [await device(), await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(early, 'wiped', 1);
    await says(liar, 'wiped', 999);
    await says(honest, 'wiped', revision);
    await ended(honest);
    expect([await statusOf(early), await statusOf(liar)]).toEqual(['active', 'active']);
    expect(await progress()).toMatchObject({ wiped: 1 });
  });

  it('ends only devices without any answer after a month', async () => {
    const [silent, hears] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(hears, 'delivered', revision);
    made.world.clock.jump(made.world.clock.now() + SILENT_AFTER - 1);
    await until(async () => expect(await progress()).toMatchObject({ unanswered: 1, waiting: 1 }));
    expect(await statusOf(silent)).toBe('active');
    made.world.clock.jump(made.world.clock.now() + 1);
    await ended(silent);
    expect(await statusOf(hears)).toBe('active');
    expect(await progress()).toMatchObject({ silent: 1, wiped: 0, waiting: 1, unanswered: 0 });
  });

  it('stops at the end of its order: no device is ended or counted afterward', async () => {
    const silent = [await device(), await device()];
    const [row] = await new OrderStore(database).revisions(ORDER);
    if (!row) throw new Error('there is an order');
    const { approvals: _approvals, ...first } = row;
    const document = JSON.parse(first.payload);
    const end = effective + 45 * DAY;
    const terms = { ...document.terms, until: new Date(end).toISOString() };
    const changes = { revision: 2, previous: first.digest, act: 'revise' } as const;
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
        ...{ title: terms.title, exemptions: [], documents: [], decision: null },
      },
      {
        ...{ kind: 'order.revision', at: made.world.clock.now(), subject: made.world.people.proposer.id },
        public: { order: ORDER, revision: 2, act: 'revise', digest },
      },
    );
    await approve(2);
    over();
    const revision = await act('exit');
    await approve(revision);
    await until(async () => expect(await progress()).toMatchObject({ revision, unanswered: 2 }));
    made.world.clock.jump(end - 1);
    expect(await progress()).toMatchObject({ unanswered: 2 });
    made.world.clock.jump(end);
    expect(await progress()).toBeNull();
    await expect(act('exit')).rejects.toMatchObject({ code: 'action_not_allowed' });
    made.world.clock.jump(end + SILENT_AFTER);
    await look();
    // Wait for all searches that have started.
    await made.world.orders.stop();
    expect(await Promise.all(silent.map(statusOf))).toEqual(['active', 'active']);
  });

  /** Searches for silent devices, as the server does at its start and daily. */
  const look = async () => {
    await made.world.orders.stop();
    await made.world.reopen();
  };
  const belongs = (one: PackDevice, home: 'PK' | 'IN') => {
    const place = made.world.devices.get(one.id);
    if (place) made.world.devices.set(one.id, { ...place, home: parseHomeArea(home) });
  };

  it('gives a full month to devices that the order affects later: new, enrolled again, or moved back', async () => {
    const { clock } = made.world;
    const [again, back] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    await look();
    clock.jump(clock.now() + 10 * DAY);
    belongs(back, 'IN');
    await look();
    clock.jump(clock.now() + 30 * DAY - 10 * DAY - 1);
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', again.id).execute();
    belongs(back, 'PK');
    const late = await device();
    await look();
    clock.jump(clock.now() + SILENT_AFTER - 1);
    await look();
    for (const one of [again, back, late]) expect(await statusOf(one)).toBe('active');
    clock.jump(clock.now() + 1);
    for (const one of [again, back, late]) await ended(one);
    expect(await progress()).toMatchObject({ silent: 3, unanswered: 0 });
  });

  it('computes its progress once for simultaneous requests, and again after the cache expires', async () => {
    const one = await device();
    over();
    const revision = await act('exit');
    await approve(revision);
    const { orders } = made.world;
    const looks = await Promise.all([orders.exit.progress(ORDER), orders.exit.progress(ORDER)]);
    expect(looks[0]).toMatchObject({ revision, unanswered: 1 });
    expect(looks[1]).toBe(looks[0]);
    expect(await orders.exit.progressAnew(ORDER)).not.toBe(looks[0]);
    await says(one, 'delivered', revision);
    await until(
      async () => expect(await orders.exit.progress(ORDER)).toMatchObject({ unanswered: 0, waiting: 1 }),
      20_000,
    );
  });

  it('counts devices under a legal hold, and ends them after its release', async () => {
    const [gone, silent] = [await device(), await device()];
    over();
    const revision = await act('exit');
    await approve(revision);
    const { clock, bus, orders } = made.world;
    const log = { error: () => undefined };
    const holds = createHolds({
      ...{ store: new HoldStore(database), records: orders.effect, installation: INSTALLATION, bus, clock, log },
    });
    const because = { reason: 'a case', by: 'acc_counsel' };
    const [ofGone, ofSilent] = await Promise.all(
      [gone, silent].map(({ id }) => holds.place({ on: { device: id }, reference: null, ...because })),
    );
    await says(gone, 'wiped', revision);
    clock.jump(clock.now() + SILENT_AFTER);
    await until(async () => expect(await progress()).toMatchObject({ held: 2, wiped: 0, silent: 0 }));
    expect([await statusOf(gone), await statusOf(silent)]).toEqual(['active', 'active']);
    await holds.release(ofGone!.id, because);
    await ended(gone);
    expect(await statusOf(silent)).toBe('active');
    await holds.release(ofSilent!.id, because);
    await ended(silent);
    expect(await progress()).toMatchObject({ held: 0, wiped: 1, silent: 1 });
  });

  it('of a withheld order looks in the ledger like any other change of the order', async () => {
    const { proposer } = made.world.people;
    const withheld = { action: 'revise', publication: { law: 'a law' } } as const;
    await approve((await made.world.orders.drafting.act(proposer.id, ORDER, withheld)).revision);
    const one = await device();
    over();
    const revision = await act('exit');
    await approve(revision);
    await says(one, 'wiped', revision);
    await ended(one);
    const { rows } = await sql<{ body: string }>`select body from ledger_entries`.execute(database.db);
    const entries = rows.map(({ body }) => entrySchema.parse(JSON.parse(body)));
    expect(entries.map(({ kind }) => kind)).not.toContain('order.exited');
    // The start of the order, and the end of the device's enrollment.
    const executed = entries.filter(({ kind }) => kind === 'order.executed');
    const told = { kind: 'order.executed', at: expect.any(Number), subject: expect.any(String), public: {} };
    expect(executed).toEqual([told, told]);
    const zip = await made.pack(ORDER);
    const [file] = readZip(zip).files.filter(({ name }) => name === ENTRIES);
    expect(String(Buffer.from(file?.bytes ?? []))).not.toContain(one.id);
    const report = await verifyPack(zip, made.fingerprint());
    expect(report.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const words = report.findings.map((finding) => finding.words).join('\n');
    expect(words).toMatch(/The server recorded that the order took effect \(revision 2\)/);
    expect(words).toMatch(/The exit ended 1 enrollment \(0 of devices that never responded\), with 1 certificate/);
    const { findings } = await verifyPack(
      signedAnew(zip, ({ devices }) => devices.splice(0, 1)),
      made.fingerprint(),
    );
    expect(findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []))).toEqual([
      'destruction.json contradicts the ledger entries of this exit.',
    ]);
  });

  it('continues after a crash between the receipt and the end of the enrollment', async () => {
    const one = await device();
    over();
    const revision = await act('exit');
    await approve(revision);
    await made.world.orders.stop();
    await made.answer(one, { kind: 'wiped', revision }).catch(() => undefined);
    await database.db.updateTable('receipts').set({ verified: 1 }).execute();
    expect(await statusOf(one)).toBe('active');
    await made.world.reopen();
    await ended(one);
  });
});
