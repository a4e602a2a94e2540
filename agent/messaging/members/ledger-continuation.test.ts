/**
 * Tests of a device that has pinned a ledger, and of a server whose ledger continues under another name. Store, ledger and approver set are
 * real.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalBus } from '../../../server/bus/bus.ts';
import { createLedger } from '../../../server/ledger/ledger.ts';
import { appendEntry } from '../../../server/store/append-entries.ts';
import type { Database } from '../../../server/store/database.ts';
import { LedgerStore } from '../../../server/store/ledger-store.ts';
import { continuedOrigin, originOf } from '../../../shared/ledger/checkpoint.ts';
import { rootOf } from '../../../shared/ledger/merkle.ts';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { type Envelope, type LedgerContinuation, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { signEnvelope } from '../../../shared/order/dsse.ts';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import { SystemClock } from '../../../shared/time/system-clock.ts';
import { openNewStore } from '../../../tests/support/new-store.ts';
import {
  approverSetDocument,
  INSTALLATION,
  signedApproverSet,
  type TestPerson,
  testKey,
  testPerson,
} from '../../../tests/support/signed-documents.ts';
import { createLedgerWatch, type GivenUpLedger, type LedgerTree, type StoredLedger } from './ledger-watch.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const FIRST = originOf(INSTALLATION);
const NEW = continuedOrigin(INSTALLATION, Date.parse('2026-11-28T16:00:00Z'));
const [ada, ben, cyd, eve] = ['a', 'b', 'c', 'd'].map((each) => testPerson(`per_${each.repeat(16)}`)) as [
  TestPerson,
  TestPerson,
  TestPerson,
  TestPerson,
];
const { approverSet } = signedApproverSet(approverSetDocument([ada, ben, cyd], testKey()), [ada, ben]);

async function ledgerOf(keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }) {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-continuation-'));
  const database = await openNewStore(join(folder, 'cordon.db'));
  closing.push(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const history = { origin: FIRST, adopted: [] as Envelope[] };
  const store = new LedgerStore(database);
  const ledger = createLedger({
    store,
    installation: INSTALLATION,
    clock: new SystemClock(),
    bus: new LocalBus(),
    log: { error: () => undefined },
    key: {
      publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      sign: (message) => sign(null, message, keys.privateKey),
    },
    history: { origin: () => history.origin, adopted: () => history.adopted },
  });
  return { database, store, ledger, history };
}

const add = (database: Database, count: number, what: string) =>
  database.transaction(async (tx) => {
    for (let at = 0; at < count; at += 1) {
      await appendEntry(tx, { kind: 'role.granted', at, subject: null, public: { role: `${what} ${at}` } });
    }
  });

/**
 * The server lost 4 of 9 ledger entries. `seen`: the number of entries that the device has verified. The entries after the fifth were lost.
 */
async function scene(seen: number) {
  const keys = generateKeyPairSync('ed25519');
  const [lost, here] = [await ledgerOf(keys), await ledgerOf(keys)];
  await add(lost.database, 5, 'before');
  await add(here.database, 5, 'before');
  await here.ledger.sequence();
  await lost.ledger.sequence();
  await add(lost.database, 4, 'lost');
  if (seen > 5) await lost.ledger.sequence();
  const note = seen > 5 ? await lost.ledger.checkpoint() : await here.ledger.checkpoint();
  const rootAt = async (size: number, { store }: typeof lost) => (await rootOf(size, store.hashes)).toString('hex');
  let held: StoredLedger | null = { key: here.ledger.verifierKey, note };
  const givenUp: GivenUpLedger[] = [];
  const statements: string[] = [];
  const served = { continuations: true };
  const watch = createLedgerWatch({
    installation: INSTALLATION,
    approverSet: () => approverSet,
    store: {
      ledger: () => held,
      saveLedger: (next, before) => {
        held = next;
        if (before) givenUp.push(before);
      },
    },
    state: (code) => void statements.push(code),
    consistency: async (from, to) => {
      const { proof, checkpoint } = await here.ledger.proveGrowth(from, to ?? undefined);
      return { from, proof: proof.map((hash) => hash.toString('base64')), checkpoint, key: here.ledger.verifierKey };
    },
    continuations: async (size) => ({
      continuations: (served.continuations ? await here.ledger.proveContinuations(size) : []).map(
        ({ envelope, index, body, proof }) => ({
          envelope,
          index,
          body: body.toString(),
          proof: proof.map((hash) => hash.toString('base64')),
        }),
      ),
    }),
  });
  const document: LedgerContinuation = {
    installation: INSTALLATION,
    origin: FIRST,
    newOrigin: NEW,
    reason: 'a lost disk',
    date: '2026-11-28T16:00:00.000Z',
    fork: { size: 5, root: await rootAt(5, here) },
    reported: seen > 5 ? { origin: FIRST, size: seen, root: await rootAt(seen, lost) } : null,
  };

  /** Continues the server's ledger with the given document, valid or not. */
  async function continued(
    changed: Partial<LedgerContinuation> = {},
    signers: readonly TestPerson[] = [ada, ben],
    digest?: string,
  ) {
    const payload = encodeCanonical({ ...document, ...changed });
    here.history.adopted = [
      signEnvelope(
        PAYLOAD_TYPES.ledgerContinuation,
        payload,
        signers.map(({ key }) => key),
      ),
    ];
    here.history.origin = NEW;
    await add(here.database, 2, 'waiting');
    await here.database.transaction((tx) =>
      appendEntry(tx, {
        kind: 'ledger.continued',
        at: 1,
        subject: null,
        public: { digest: digest ?? sha256(Buffer.from(payload)) },
      }),
    );
    await here.ledger.sequence();
    return { key: here.ledger.verifierKey, note: await here.ledger.checkpoint() };
  }
  const accept = async (shown: StoredLedger) => await watch.accept(shown, watch.newest());
  return { here, lost, watch, continued, accept, document, held: () => held, givenUp, statements, served, rootAt };
}

describe('a device whose entries remain', () => {
  it('accepts the new name with the document, and continues', async () => {
    const { continued, accept, held, givenUp, statements, here, watch } = await scene(5);
    const before = held();
    const shown = await continued();
    expect(shown.note.split('\n').slice(0, 2)).toEqual([NEW, '8']);
    expect((await here.ledger.proveEntry(5)).body.toString()).toContain('ledger.continued');
    expect(await accept(shown)).toMatchObject({ origin: NEW, size: 8 });
    expect([held(), givenUp, statements]).toEqual([shown, [{ ...before, continuedAs: NEW }], ['ledger_continued']]);
    expect(watch.newest()).toMatchObject({ origin: NEW, size: 8 });
    await add(here.database, 1, 'after');
    await here.ledger.sequence();
    expect(await accept({ ...shown, note: await here.ledger.checkpoint() })).toMatchObject({ size: 9 });
    // The device now refuses the ledger's earlier name.
    here.history.origin = FIRST;
    await add(here.database, 1, 'back');
    await here.ledger.sequence();
    const back = { key: here.ledger.verifierKey, note: await here.ledger.checkpoint() };
    await expect(accept(back)).rejects.toMatchObject({ code: 'ledger_older' });
    expect(statements).toEqual(['ledger_continued']);
  });

  const otherRoot = 'e'.repeat(64);
  const forgeries: Record<string, Parameters<Awaited<ReturnType<typeof scene>>['continued']>> = {
    'a continuation with one signature': [{}, [ada]],
    'a continuation with two signatures of one person': [{}, [ada, { ...ada, key: ada.key }]],
    'a continuation with the signature of a key outside the approver set': [{}, [ada, eve]],
    'a continuation without a signature': [{}, []],
    'a continuation from another old name': [{ origin: `${FIRST}/20200101000000` }],
    'a continuation to another new name': [{ newOrigin: `${FIRST}/20270101000000` }],
    'a continuation of another installation': [
      { installation: 'ins_other', origin: 'cordon/ins_other', newOrigin: 'cordon/ins_other/20261128160000' },
    ],
    'a continuation that states another root hash': [{ fork: { size: 5, root: otherRoot } }],
    'a continuation whose ledger entry is for another document': [{}, [ada, ben], otherRoot],
    'a continuation that states another tree size': [{ fork: { size: 4, root: otherRoot } }],
  };
  it.each(Object.entries(forgeries))('refuses %s', async (_name, given) => {
    const { continued, accept, held, givenUp, statements } = await scene(5);
    const before = held();
    await expect(accept(await continued(...given))).rejects.toMatchObject({ code: 'ledger_forked' });
    expect([held(), givenUp, statements]).toEqual([before, [], []]);
  });

  it('refuses the new name without a document, and another key with one', async () => {
    const { continued, accept, served, held } = await scene(5);
    const before = held();
    served.continuations = false;
    const shown = await continued();
    await expect(accept(shown)).rejects.toMatchObject({ code: 'ledger_forked' });
    served.continuations = true;
    const other = await ledgerOf(generateKeyPairSync('ed25519'));
    other.history.origin = NEW;
    await add(other.database, 8, 'before');
    await other.ledger.sequence();
    const foreign = { key: other.ledger.verifierKey, note: await other.ledger.checkpoint() };
    await expect(accept(foreign)).rejects.toMatchObject({ code: 'ledger_forked' });
    expect(held()).toEqual(before);
    expect(await accept(shown)).toMatchObject({ origin: NEW });
  });
});

describe('a device whose entries were lost', () => {
  it('accepts the new name when the document states the loss, and keeps the proof', async () => {
    const { continued, accept, held, givenUp, statements } = await scene(9);
    const before = held();
    expect(await accept(await continued())).toMatchObject({ origin: NEW, size: 8 });
    expect([givenUp, statements]).toEqual([[{ ...before, continuedAs: NEW }], ['ledger_continued']]);
  });

  it('reports a loss that is larger than the document states', async () => {
    for (const reported of [null, { origin: FIRST, size: 8, root: 'e'.repeat(64) }]) {
      const { continued, accept, givenUp, statements } = await scene(9);
      expect(await accept(await continued({ reported }))).toMatchObject({ origin: NEW });
      expect([givenUp.length, statements]).toEqual([1, ['ledger_loss_larger']]);
    }
  });

  it('refuses a document that names another tree of the same size', async () => {
    const { continued, accept, held } = await scene(9);
    const before = held();
    const reported = { origin: FIRST, size: 9, root: 'e'.repeat(64) };
    await expect(accept(await continued({ reported }))).rejects.toMatchObject({ code: 'ledger_forked' });
    expect(held()).toEqual(before);
  });
});

describe('ledger trees that devices send to each other', () => {
  const told = async (
    size: number,
    from: Awaited<ReturnType<typeof scene>>['lost'],
    origin?: string,
  ): Promise<LedgerTree> => ({
    ...(origin !== undefined && { origin }),
    size,
    root: (await rootOf(size, from.store.hashes)).toString('base64'),
  });

  it('are compared across the continuation', async () => {
    const { continued, accept, watch, here, lost, statements } = await scene(9);
    await accept(await continued());
    const other = newDeviceId();
    // The other device has not applied the continuation. Its tree is part of the current tree, or contains lost entries.
    await watch.compare(await told(5, here), other);
    await watch.compare(await told(9, lost), other);
    await watch.compare(await told(8, lost), other);
    await watch.compare(await told(8, here, NEW), other);
    expect(statements).toEqual(['ledger_continued']);
    // The other device has more lost entries than the continuation states, or a tree that matches neither ledger.
    await add(lost.database, 1, 'more');
    await lost.ledger.sequence();
    await watch.compare(await told(10, lost), other);
    expect(statements).toEqual(['ledger_continued', 'ledger_loss_larger']);
    const forged = { size: 4, root: Buffer.alloc(32, 7).toString('base64') };
    await expect(watch.compare(forged, other)).rejects.toMatchObject({ code: 'ledger_forked' });
    await expect(watch.compare({ ...forged, origin: NEW }, other)).rejects.toMatchObject({ code: 'ledger_forked' });
    await expect(watch.compare({ ...forged, origin: 'cordon/other' }, other)).rejects.toMatchObject({
      code: 'document_malformed',
    });
  });

  it('make a device follow a continuation that another device names first', async () => {
    const { continued, watch, here, statements } = await scene(5);
    await continued();
    await watch.compare(await told(8, here, NEW), newDeviceId());
    expect(watch.newest()).toMatchObject({ origin: NEW, size: 8 });
    expect(statements).toEqual(['ledger_continued']);
    // The other device names a ledger that the server does not show.
    const later = await told(8, here, `${FIRST}/20270101000000`);
    await expect(watch.compare(later, newDeviceId())).rejects.toMatchObject({ code: 'ledger_forked' });
  });
});
