/** A suspended ledger that lost entries, and approvers who continue it (ADR 39). */
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { peopleOf } from '../../server/independence/independence.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { cosignedCheckpoint, postCheckpoint } from '../../server/ledger/witness-client.ts';
import { createWitnesses } from '../../server/ledger/witnesses.ts';
import {
  type ContinuationView,
  createContinuationProposals,
  whyOutdated,
} from '../../server/recovery/continuation-proposals.ts';
import { openContinuations } from '../../server/recovery/continuations.ts';
import { createLedgerSuspension, whySuspended } from '../../server/recovery/ledger-suspension.ts';
import { createStoredRecovery } from '../../server/recovery/stored-recovery.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { CheckpointResponseStore } from '../../server/store/checkpoint-response-store.ts';
import { ContinuationStore } from '../../server/store/continuation-store.ts';
import { CosignatureStore } from '../../server/store/cosignature-store.ts';
import type { Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { RecoveryStore } from '../../server/store/recovery-store.ts';
import { continuedOrigin, originOf } from '../../shared/ledger/checkpoint.ts';
import { ed25519FromSpki } from '../../shared/ledger/sign-checkpoint.ts';
import { formatSubmission } from '../../shared/ledger/witness-protocol.ts';
import { signContinuationPayload } from '../../shared/order/approver-key.ts';
import type { LedgerContinuation } from '../../shared/order/documents.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { type LocalWitness, openLocalWitness } from '../support/local-witness.ts';
import { restoredState } from '../support/restored-state.ts';
import {
  approverSetDocument,
  INSTALLATION,
  signedApproverSet,
  type TestPerson,
  testKey,
  testPerson,
} from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const RESTORED = restoredState();

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const KEY = {
  publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  sign: (message: Buffer) => sign(null, message, privateKey),
};
const NOW = Date.parse('2026-11-28T16:00:00.000Z');
const FIRST = originOf(INSTALLATION);
const NEW = continuedOrigin(INSTALLATION, NOW);
const [ada, ben, cyd, eve] = ['a', 'b', 'c', 'd'].map((each) => testPerson(`per_${each.repeat(16)}`)) as [
  TestPerson,
  TestPerson,
  TestPerson,
  TestPerson,
];

const add = (database: Database, count: number, kind: string) =>
  database.transaction(async (tx) => {
    for (let at = 0; at < count; at += 1) {
      await appendEntry(tx, { kind: 'role.granted', at, subject: null, public: { role: `${kind} ${at}` } });
    }
  });

describeOnEveryStore('a ledger that lost entries', (open) => {
  async function restored(people = peopleOf({ sameAs: new Map(), links: [] }), witness?: LocalWitness) {
    const database = await open();
    const clock = new DrivenClock(NOW);
    const sets = [signedApproverSet(approverSetDocument([ada, ben, cyd], testKey()), [ada, ben]).envelope];
    const ledgerStore = new LedgerStore(database);
    const continuations = await openContinuations(new ContinuationStore(database), INSTALLATION);
    const ledger = createLedger({
      store: ledgerStore,
      key: KEY,
      installation: INSTALLATION,
      clock,
      bus: new LocalBus(),
      log: { error: () => undefined },
      history: continuations,
      suspended: () => whySuspended(recovery.state()) ?? witnesses.obstacle(),
    });
    const witnesses = createWitnesses({
      settings: witness ? [witness] : [],
      store: new CosignatureStore(database),
      ledger: ledgerStore,
      origin: continuations.origin,
      client: { post: postCheckpoint, newest: cosignedCheckpoint },
      onContradiction: async (note) => void (await suspension.examine(note)),
      onCosigned: () => undefined,
      lateAfter: 60_000,
      now: () => clock.now(),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    const states = new RecoveryStore(database);
    const recovery = createStoredRecovery(states, { ...RESTORED, ledger: 'rejoined' });
    const store = new CheckpointResponseStore(database);
    const raised: string[] = [];
    const raise = async ({ code }: { code: string }) => void raised.push(code);
    const suspension = createLedgerSuspension({
      ledger: {
        get verifierKey() {
          return ledger.verifierKey;
        },
        installation: INSTALLATION,
        continuations: continuations.documents,
        hashes: ledgerStore.hashes,
        size: async () => (await ledgerStore.newest())?.size ?? 0,
      },
      store,
      raise,
      recovery,
      now: () => clock.now(),
      log: { info: () => undefined, warn: () => undefined },
    });
    const continuing = createContinuationProposals({
      installation: INSTALLATION,
      continuations,
      suspension,
      recovery,
      raise,
      now: () => clock.now(),
      approverSets: () => sets,
      people: async () => people,
      sequence: ledger.sequence,
    });
    await add(database, 5, 'before');
    await ledger.sequence();
    recovery.replace(RESTORED);
    const signBy = (person: TestPerson, view: ContinuationView, payload = view.payload) =>
      continuing.sign(person.person, view.digest, {
        keyid: person.key.keyid,
        signature: signContinuationPayload(person.key, payload),
      });
    return {
      database,
      clock,
      sets,
      ledger,
      witnesses,
      suspension,
      continuing,
      continuations,
      raised,
      signBy,
      store,
      states,
      state: recovery.state,
    };
  }

  /** A checkpoint of the same key over entries that the restored ledger lacks. */
  async function published(count: number): Promise<string> {
    const database = await open();
    await add(database, 5, 'before');
    await add(database, count - 5, 'lost');
    const ports = { store: new LedgerStore(database), key: KEY, installation: INSTALLATION, clock: new DrivenClock(0) };
    const ledger = createLedger({ ...ports, bus: new LocalBus(), log: { error: () => undefined } });
    await ledger.sequence();
    return await ledger.checkpoint();
  }
  const documentOf = ({ payload }: ContinuationView): LedgerContinuation => JSON.parse(payload);

  it('continues under a new name with two approvers, and its next entry is the signed document', async () => {
    const { database, ledger, suspension, continuing, continuations, raised, signBy, states, state } = await restored();
    await expect(suspension.recordCheckpoint(newDeviceId(), await published(9))).resolves.toBeUndefined();
    await add(database, 2, 'waiting');
    const proposal = await continuing.propose('a lost disk', null, 'acc_owner');
    expect(documentOf(proposal)).toMatchObject({
      installation: INSTALLATION,
      origin: FIRST,
      newOrigin: NEW,
      reason: 'a lost disk',
      fork: { size: 5 },
      reported: { origin: FIRST, size: 9 },
    });
    expect(proposal).toMatchObject({ state: 'waiting', signed: 0, needed: 2, outdated: null });

    await expect(signBy(eve, proposal)).rejects.toMatchObject({ code: 'approver_unknown' });
    await expect(
      continuing.sign(ada.person, proposal.digest, {
        keyid: ben.key.keyid,
        signature: signContinuationPayload(ben.key, proposal.payload),
      }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(signBy(ada, proposal, `${proposal.payload} `)).rejects.toMatchObject({ code: 'approval_invalid' });
    expect(await signBy(ada, proposal)).toMatchObject({ state: 'waiting', signed: 1 });
    expect(await signBy(ada, proposal)).toMatchObject({ state: 'waiting', signed: 1 });
    expect(suspension.suspended()).not.toBeNull();
    expect(continuations.origin()).toBe(FIRST);

    expect(await signBy(ben, proposal)).toMatchObject({ state: 'adopted', signed: 2 });
    expect(suspension.suspended()).toBeNull();
    expect(state()).toMatchObject({
      ledger: 'continued',
      notContainedSize: 0,
      notContained: null,
      continued: { size: 5, largestReported: 9 },
    });
    expect(await states.state()).toEqual(state());
    expect((await ledger.checkpoint()).split('\n').slice(0, 2)).toEqual([NEW, '8']);
    const { entries } = await ledger.proveEntries([4, 5, 6, 7]);
    const kinds = entries.map(({ body }) => JSON.parse(body.toString()));
    expect(kinds.map(({ kind }) => kind)).toEqual(['role.granted', 'ledger.continued', 'role.granted', 'role.granted']);
    expect(kinds[1].public).toMatchObject({ digest: proposal.digest, document: proposal.payload, size: 5 });
    expect(raised).toEqual(['ledger_continued']);

    // The recovery state after a restart of the server is the same.
    const again = await openContinuations(new ContinuationStore(database), INSTALLATION);
    expect([again.origin(), again.adopted()]).toEqual([NEW, continuations.adopted()]);
    expect((await ledger.proveContinuations()).map(({ index }) => index)).toEqual([5]);
  });

  it('continues although a witness has cosigned more entries under the earlier name', async () => {
    const verifier = { name: FIRST, publicKey: ed25519FromSpki(Buffer.from(KEY.publicKey, 'base64')) };
    const witness = await openLocalWitness('witness.example.org/w1', [verifier]);
    try {
      await witness.start();
      await postCheckpoint(witness.url, formatSubmission(0, [], await published(9)));
      expect(witness.size(FIRST)).toBe(9);
      const { ledger, witnesses, continuing, signBy } = await restored(undefined, witness);
      await witnesses.start(null, 5_000);
      expect(witnesses.obstacle()).toContain('has cosigned 9 ledger entries, and the database here has 5');
      const proposal = await continuing.propose('a lost disk', null, 'acc_owner');
      expect(documentOf(proposal)).toMatchObject({ reported: { origin: FIRST, size: 9 } });
      await signBy(ada, proposal);
      await signBy(ben, proposal);
      expect(ledger.resting()).toBeNull();
      expect((await ledger.checkpoint()).split('\n').slice(0, 2)).toEqual([NEW, '6']);
      await witnesses.stop();
    } finally {
      await witness.remove();
    }
  });

  it('classifies checkpoints after the continuation: given up, contained, or a further loss', async () => {
    const { database, clock, ledger, suspension, continuing, raised, signBy, state } = await restored();
    const early = await ledger.checkpoint();
    await suspension.recordCheckpoint(newDeviceId(), await published(9));
    const proposal = await continuing.propose('a lost disk', null, 'acc_owner');
    for (const person of [ada, ben]) await signBy(person, proposal);
    const results = async () => (await suspension.evidence()).responses.map(({ result }) => result);
    expect(await results()).toEqual(['lost']);
    for (const note of [await published(9), await published(7), early, await ledger.checkpoint()]) {
      await suspension.recordCheckpoint(newDeviceId(), note);
    }
    expect((await results()).toSorted()).toEqual(['contained', 'contained', 'lost', 'lost', 'lost']);
    expect([suspension.suspended(), raised]).toEqual([null, ['ledger_continued']]);

    // More entries are lost than the approvers knew: one ledger entry and one alert for each larger tree.
    for (let times = 0; times < 2; times += 1) await suspension.recordCheckpoint(newDeviceId(), await published(11));
    await ledger.sequence();
    expect(raised).toEqual(['ledger_continued', 'ledger_loss_larger']);
    const body = (await ledger.proveEntry(6)).body.toString();
    expect(JSON.parse(body)).toMatchObject({ kind: 'ledger.loss-reported', public: { origin: FIRST, size: 11 } });
    expect(suspension.suspended()).toBeNull();

    // The continued ledger loses entries as well: a log name that this server never used shows it.
    const lostDatabase = await open();
    await add(lostDatabase, 12, 'after');
    const later = continuedOrigin(INSTALLATION, NOW + 60_000);
    const lost = createLedger({
      store: new LedgerStore(lostDatabase),
      key: KEY,
      installation: INSTALLATION,
      clock,
      bus: new LocalBus(),
      log: { error: () => undefined },
      history: { origin: () => later, adopted: () => [] },
    });
    await lost.sequence();
    await suspension.recordCheckpoint(newDeviceId(), await lost.checkpoint());
    expect(suspension.suspended()).toContain('12 entries');
    expect(raised.at(-1)).toBe('ledger_behind');
    await add(database, 1, 'waiting');
    clock.jump(NOW + 120_000);
    const second = await continuing.propose('a lost disk again', null, 'acc_owner');
    expect(documentOf(second)).toMatchObject({ origin: NEW, reported: { origin: later, size: 12 } });
    for (const person of [ben, cyd]) await signBy(person, second);
    expect(state()).toMatchObject({ ledger: 'continued', continued: { origin: documentOf(second).newOrigin } });
    expect((await ledger.proveContinuations()).map(({ index }) => index)).toEqual([5, 7]);
  });

  it('is not continued without a loss, from an outdated proposal, or by approvers who count as one person', async () => {
    const links = [
      {
        person: ben.person,
        name: 'Ben',
        account: 'acc_b',
        kind: 'created' as const,
        by: { person: ada.person, name: 'Ada', account: 'acc_a' },
      },
    ];
    const { ledger, suspension, continuing, signBy, state } = await restored(peopleOf({ sameAs: new Map(), links }));
    await suspension.recordCheckpoint(newDeviceId(), await ledger.checkpoint());
    await expect(continuing.propose('none', null, 'acc_owner')).rejects.toThrow('no loss is known');
    await suspension.recordCheckpoint(newDeviceId(), await published(7));
    const first = await continuing.propose('a lost disk', null, 'acc_owner');
    await signBy(ada, first);
    await suspension.recordCheckpoint(newDeviceId(), await published(9));
    await expect(signBy(cyd, first)).rejects.toThrow('A larger ledger was reported');
    expect((await continuing.list())[0]?.outdated).toContain('9 entries');

    // The new proposal replaces the old one, with the loss that a kept file shows.
    const second = await continuing.propose('a lost disk', await published(12), 'acc_owner');
    expect(documentOf(second).reported).toMatchObject({ size: 12 });
    await expect(signBy(ada, first)).rejects.toMatchObject({ code: 'not_found' });
    await signBy(ada, second);
    expect(await signBy(ben, second)).toMatchObject({ state: 'waiting', signed: 1 });
    expect(suspension.suspended()).not.toBeNull();
    expect(await signBy(cyd, second)).toMatchObject({ state: 'adopted', signed: 2 });
    expect(state()?.ledger).toBe('continued');
    await expect(continuing.propose('again', null, 'acc_owner')).rejects.toThrow('is not suspended');
  });

  it('states an unknown loss while no device showed a checkpoint, and accepts signatures of a later approver set', async () => {
    const { sets, continuing, continuations, signBy } = await restored();
    const proposal = await continuing.propose('nobody answers', null, 'acc_owner');
    expect(documentOf(proposal).reported).toBeNull();
    for (const person of [ada, ben]) await signBy(person, proposal);
    const before = sets[0];
    if (!before) throw new Error('there is no approver set');
    const next = approverSetDocument([cyd, eve], testKey(), { version: 2, previous: null });
    sets.push(signedApproverSet(next, [cyd, eve]).envelope);
    expect((await continuing.list())[0]).toMatchObject({ state: 'adopted', signed: 0, needed: 2 });
    for (const person of [cyd, eve]) await signBy(person, proposal);
    expect((await continuing.list())[0]).toMatchObject({ state: 'adopted', signed: 2 });
    expect(continuations.adopted()[0]?.signatures).toHaveLength(4);
  });
});

it.each([
  ['the same facts', {}, true, null],
  ['a ledger that grows', {}, false, 'is no longer suspended'],
  ['another tree', { fork: { size: 6, root: 'a'.repeat(64) } }, true, 'has changed'],
  ['another name', { origin: NEW }, true, 'has changed'],
  ['a larger loss', { reported: { origin: FIRST, size: 10, root: 'b'.repeat(64) } }, true, '10 entries'],
  ['a known loss', { reported: { origin: FIRST, size: 9, root: 'b'.repeat(64) } }, true, '9 entries'],
])('a proposal and %s', (_name, changed, suspended, why) => {
  const document: LedgerContinuation = {
    installation: INSTALLATION,
    origin: FIRST,
    newOrigin: NEW,
    reason: 'a lost disk',
    date: new Date(NOW).toISOString(),
    fork: { size: 5, root: 'a'.repeat(64) },
    reported: null,
  };
  const facts = { origin: FIRST, fork: document.fork, reported: null, lossless: false, ...changed };
  const outdated = whyOutdated(document, facts, suspended);
  if (why === null) expect(outdated).toBeNull();
  else expect(outdated).toContain(why);
});
