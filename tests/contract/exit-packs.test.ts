/** Proof of an exit in evidence packs, on every store. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { parseEnvelope, signEnvelope } from '../../shared/order/dsse.ts';
import { type Destruction, NOTHING_DESTROYED } from '../../shared/pack/destruction.ts';
import { DESTRUCTION, ENTRIES, MANIFEST, numbered, PACK_TYPE, PUBLIC_ROOT, SILENT } from '../../shared/pack/format.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { readZip, ZipWriter } from '../../shared/pack/zip.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { testAuthority } from '../support/enrollment.ts';
import { type ExitWorld, openExitWorld } from '../support/exit-world.ts';
import { ORDER, type PackWorld } from '../support/pack-world.ts';
import { describeOnEveryStore } from './every-store.ts';

/** Tables whose rows of a device an exit deletes. */
const TABLES = [
  'attachments',
  'device_inventory',
  'device_facts',
  'device_fact_lists',
  'device_logs',
  'fetched_files',
  'script_outputs',
  'key_packages',
  'device_software',
  'mailbox_entries',
  'mail_entries',
  'mail_keys',
  'mail_pieces',
  'mail_queues',
] as const;

const { authority, remove } = testAuthority();
afterAll(remove);

describeOnEveryStore('an exit in an evidence pack', (open) => {
  let exit: ExitWorld;
  let database: Database;
  let made: PackWorld;
  beforeEach(async () => {
    database = await open();
    exit = await openExitWorld(database, authority);
    made = exit.packs;
  });
  afterEach(() => made.stop());

  /** Pack with a forged destruction file and a valid manifest, as an attacker with the online key could make it. */
  function forgedPack(zip: Buffer, change: (destruction: Destruction) => void): Buffer {
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

  /** Makes a pack, and runs `meanwhile` when the pack has reached the given file. */
  async function makePack(file: string, meanwhile: () => Promise<void>): Promise<Buffer> {
    const { content } = await made.packs.make(ORDER, newAccountId());
    const pieces: Buffer[] = [];
    for await (const piece of content) {
      pieces.push(piece);
      // The file name follows a local header (PKWARE's APPNOTE.TXT, section 4.3.7).
      if (piece.indexOf(file) === 30) await meanwhile();
    }
    return Buffer.concat(pieces);
  }

  it('ends the enrollments of wiped devices and deletes their data, and a pack proves it', async () => {
    const [gone, waits] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(gone, 'wiped', revision);
    await exit.waitForEnd(gone);
    expect(await exit.progress()).toMatchObject({ revision, wiped: 1, silent: 0, unanswered: 1, waiting: 0 });
    expect(await exit.statusOf(waits)).toBe('active');
    const left = await Promise.all(
      TABLES.map(async (table) => {
        const rows = await database.db.selectFrom(table).select('device_id').execute();
        return rows.map(({ device_id }) => device_id);
      }),
    );
    expect(left.flat()).not.toContain(gone.id);
    expect(left.flat()).toContain(waits.id);
    const { destroyed } = (await exit.progress()) ?? {};
    expect(destroyed).toMatchObject({
      certificates: 1,
      keyPackages: 1,
      attachments: 1,
      attachmentBytes: 7,
      mails: 1,
      mailBytes: 9,
      mailEvents: 1,
      mailPieces: 1,
      mailPieceBytes: 5,
      mailKeys: 1,
      inventories: 1,
      copies: 3,
      copyBytes: 9,
    });
    // The waiting mail and its piece end with the last queue that has them; the mail of the other device remains.
    expect(await database.db.selectFrom('mails').select('id').execute()).toHaveLength(1);
    const pieces = await database.db.selectFrom('mail_pieces').select('size').orderBy('size').execute();
    expect(pieces).toEqual([{ size: 5 }, { size: 9 }]);

    const zip = await made.pack(ORDER);
    const report = await verifyPack(zip, made.fingerprint());
    expect(report.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    const words = report.findings.map((finding) => finding.words).join('\n');
    expect(words).toMatch(
      /The exit ended 1 enrollment \(0 of devices that never responded\), with 1 certificate, 0 messages and 1 mail that waited/,
    );
    const refused = async (change: (all: Destruction) => void) => {
      const { findings } = await verifyPack(forgedPack(zip, change), made.fingerprint());
      return findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []));
    };
    expect(await refused(({ devices }) => devices.splice(0, 1))).toEqual([
      'destruction.json contradicts the ledger entries of this exit.',
    ]);
    for (const what of Object.keys(NOTHING_DESTROYED)) {
      const forged = await refused(({ devices: [one] }) => one && Object.assign(one.destroyed, { [what]: 77 }));
      expect([what, forged]).toEqual([what, ['destruction.json contradicts the ledger entries of this exit.']]);
      const omitted = await refused(({ devices: [one] }) => one && Reflect.deleteProperty(one.destroyed, what));
      expect([what, omitted]).toEqual([what, [expect.stringContaining(what)]]);
    }
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
    const adoptedAt = new Date(exit.effective).toISOString();
    expect(await refused((all) => Object.assign(all, { adoptedAt }))).toEqual([
      `destruction.json states that revision ${revision} was adopted at ${adoptedAt}, and the ledger has no such entry.`,
    ]);
    const counted = await verifyPack(
      forgedPack(zip, (all) => Object.assign(all, { held: 5, waiting: 0, unanswered: 7 })),
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
    const [early, gone] = [await exit.addDevice(), await exit.addDevice()];
    await exit.report(early, 'wiped', 1);
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(gone, 'wiped', revision);
    await exit.waitForEnd(gone);
    const zip = await made.pack(ORDER);
    expect(await verifyPack(zip, made.fingerprint())).toMatchObject({ valid: true });
    const said = readZip(zip).files.find(({ name }) => name === numbered('receipts', 1))?.bytes;
    const groups: { device: string; receipts: Envelope[] }[] = JSON.parse(String(Buffer.from(said ?? [])));
    const about = ({ payload }: Envelope) => JSON.parse(Buffer.from(payload, 'base64').toString()).device;
    const handle = groups.find(({ receipts: [first] }) => first && about(first) === early.id)?.device ?? '';
    const { findings } = await verifyPack(
      forgedPack(zip, ({ devices: [one] }) => one && Object.assign(one, { device: handle })),
      made.fingerprint(),
    );
    expect(findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []))).toEqual([
      `destruction.json lists ${handle} as wiped, but the device has not signed this.`,
    ]);
  });

  it('that continues while a pack is made is in the pack up to its snapshot, and the pack is valid', async () => {
    const [gone, goes] = [await exit.addDevice(), await exit.addDevice()];
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(gone, 'wiped', revision);
    await exit.waitForEnd(gone);
    for (const during of [PUBLIC_ROOT, ENTRIES, SILENT]) {
      const next = during === PUBLIC_ROOT ? goes : await exit.addDevice();
      const zip = await makePack(during, async () => {
        await exit.report(next, 'wiped', revision);
        await exit.waitForEnd(next);
        await made.ledger.sequence();
      });
      const { findings } = await verifyPack(zip, made.fingerprint());
      expect(findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    }
    const { findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(findings.map(({ words }) => words).join('\n')).toMatch(/The exit ended 4 enrollments/);
  });

  it('that is approved while a pack is made is in the next pack', async () => {
    const one = await exit.addDevice();
    await exit.report(one, 'delivered', 1);
    exit.endExportWindow();
    let revision = 0;
    const zip = await makePack(PUBLIC_ROOT, async () => {
      revision = await exit.act('exit');
      await exit.approve(revision);
      for (const kind of ['delivered', 'wiped'] as const) await exit.report(one, kind, revision);
      await exit.waitForEnd(one);
      await made.ledger.sequence();
    });
    expect(await verifyPack(zip, made.fingerprint())).toMatchObject({ valid: true });
    const names = readZip(zip).files.map(({ name }) => name);
    expect(names).not.toContain(numbered('revisions', revision));
    expect(names).not.toContain(DESTRUCTION);
    expect(await verifyPack(await made.pack(ORDER), made.fingerprint())).toMatchObject({ valid: true });
  });

  it('of a withheld order looks in the ledger like any other change of the order', async () => {
    const { proposer } = made.world.people;
    const withheld = { action: 'revise', publication: { law: 'a law' } } as const;
    await exit.approve((await made.world.orders.drafting.proposeAction(proposer.id, ORDER, withheld)).revision);
    const one = await exit.addDevice();
    exit.endExportWindow();
    const revision = await exit.act('exit');
    await exit.approve(revision);
    await exit.report(one, 'wiped', revision);
    await exit.waitForEnd(one);
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
      forgedPack(zip, ({ devices }) => devices.splice(0, 1)),
      made.fingerprint(),
    );
    expect(findings.flatMap((finding) => (finding.verdict === 'failed' ? [finding.words] : []))).toEqual([
      'destruction.json contradicts the ledger entries of this exit.',
    ]);
  });
});
