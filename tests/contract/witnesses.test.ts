/** Submission of the ledger to witnesses, and the checkpoint that outsiders get; on both dialects, with witnesses over HTTP. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { createPublication } from '../../server/ledger/published-checkpoint.ts';
import { cosignedCheckpoint, postCheckpoint } from '../../server/ledger/witness-client.ts';
import { createWitnesses } from '../../server/ledger/witnesses.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { CosignatureStore } from '../../server/store/cosignature-store.ts';
import type { Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { requireCosignatures, type WitnessPolicy } from '../../shared/ledger/cosignature.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWitness, openLocalWitness } from '../support/local-witness.ts';
import { newSigner } from '../support/witnessed-log.ts';
import { describeOnEveryStore, type OpenStore } from './every-store.ts';

const ORIGIN = 'cordon/ins_test';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const signer = newSigner(ORIGIN);
const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), signer.publicKey]).toString('base64');

/** `entries`: text of each entry. Equal texts make equal ledgers. */
const add = (database: Database, entries: readonly string[]) =>
  database.transaction(async (tx) => {
    for (const serial of entries) {
      await appendEntry(tx, { kind: 'certificate.issued', at: 1, subject: null, public: { serial } });
    }
  });
const numbers = (from: number, to: number, fork = '') =>
  Array.from({ length: to - from }, (_, at) => `${from + at}${fork}`);

async function witnessNamed(name: string, logs = [signer]): Promise<LocalWitness> {
  const witness = await openLocalWitness(`witness.example.org/${name}`, logs);
  closing.push(witness.remove);
  await witness.start();
  return witness;
}

/** URL of a proxy that refuses each submission. `retrieval`: status for the cosigned checkpoint; null if the proxy forwards it. */
async function proxyBefore(witness: LocalWitness, refusal: number, retrieval: number | null): Promise<string> {
  const proxy = createServer(async (request, response) => {
    const forwarded = request.method === 'GET' && retrieval === null;
    const answer = forwarded ? await fetch(new URL(request.url ?? '', witness.url)) : null;
    response.writeHead(answer?.status ?? (request.method === 'GET' ? (retrieval ?? 0) : refusal));
    response.end(answer ? await answer.text() : 'refused by the proxy');
  });
  const port = await freePort();
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  closing.push(async () => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${port}/`;
}

function serverOver(database: Database, given: readonly LocalWitness[], lateAfter = 60_000) {
  const store = new LedgerStore(database);
  const cosignatures = new CosignatureStore(database);
  const contradictions: string[] = [];
  const errors: string[] = [];
  const state: { policy: WitnessPolicy | null; now: number } = { policy: null, now: Date.now() };
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (_facts: object, message: string) => void errors.push(message),
  };
  const witnesses = createWitnesses({
    settings: given.map(({ name, key, url }) => ({ name, key, url })),
    store: cosignatures,
    ledger: store,
    origin: () => ORIGIN,
    client: { post: postCheckpoint, newest: cosignedCheckpoint },
    onContradiction: async (note) => void contradictions.push(note),
    onCosigned: () => undefined,
    lateAfter,
    now: () => state.now,
    log,
  });
  const bus = new LocalBus();
  bus.subscribe(() => witnesses.submit());
  const ledger = createLedger({
    store,
    key: { publicKey: spki, sign: signer.sign },
    installation: 'ins_test',
    clock: new SystemClock(),
    bus,
    log,
    suspended: witnesses.obstacle,
    publication: createPublication({ store: cosignatures, policy: () => state.policy }),
  });
  closing.push(witnesses.stop);
  const sizeIn = (note: string) => Number(note.split('\n')[1]);
  return {
    database,
    cosignatures,
    witnesses,
    ledger,
    state,
    contradictions,
    errors,
    add: async (entries: readonly string[]) => {
      await add(database, entries);
      await ledger.sequence();
    },
    newest: async () => sizeIn((await store.newest())?.note ?? '\n0'),
    published: async () => sizeIn(await ledger.published.checkpoint()),
    settled: () => witnesses.settled(5_000),
  };
}

/** A store with the first entries of the ledger, and a witness that has cosigned them. */
async function witnessed(open: OpenStore, count: number) {
  const witness = await witnessNamed('w1');
  const server = serverOver(await open(), [witness]);
  await server.witnesses.start(null, 5_000);
  await server.add(numbers(0, count));
  await server.settled();
  expect(witness.size(ORIGIN)).toBe(count);
  return { witness, server };
}

describeOnEveryStore('witnesses of the ledger', (open) => {
  it('cosign each checkpoint, and outsiders get it with the cosignatures', async () => {
    const [one, two] = [await witnessNamed('w1'), await witnessNamed('w2')];
    const server = serverOver(await open(), [one, two]);
    await server.witnesses.start(null, 5_000);
    for (const size of [1, 2, 300]) {
      await server.add(numbers(await server.newest(), size));
      await server.settled();
      const note = await server.ledger.published.checkpoint();
      expect(await openCheckpoint(note, signer)).toMatchObject({ size });
      expect(await requireCosignatures(note, { threshold: 2, keys: [one.key, two.key] })).toHaveLength(2);
    }
    expect(server.witnesses.status()).toMatchObject([
      { name: one.name, cosigned: { size: 300 }, failure: null, late: false },
      { name: two.name, cosigned: { size: 300 }, failure: null, late: false },
    ]);
  });

  it('never delay the ledger, are late after the configured time, and get the newest checkpoint when they work again', async () => {
    const { witness, server } = await witnessed(open, 3);
    await witness.stop();
    await server.add(numbers(3, 9));
    await server.settled();
    expect(await server.newest()).toBe(9);
    const [down] = server.witnesses.status();
    expect(down).toMatchObject({
      cosigned: { size: 3 },
      failure: expect.stringContaining('it did not respond'),
      late: false,
    });
    expect(server.witnesses.obstacle()).toBeNull();
    server.state.now += 60_001;
    expect(server.witnesses.status()[0]).toMatchObject({ late: true });
    await witness.start();
    server.witnesses.submit();
    await expect.poll(() => witness.size(ORIGIN)).toBe(9);
    await expect.poll(() => server.witnesses.status()[0]).toMatchObject({ failure: null, late: false });
  });

  it('get a proof from the size that they report, also after another server has submitted', async () => {
    const { witness, server } = await witnessed(open, 3);
    const second = serverOver(await open(), [witness]);
    await second.witnesses.start(null, 5_000);
    await second.add(numbers(0, 7));
    await second.settled();
    expect(witness.size(ORIGIN)).toBe(7);
    await server.add(numbers(3, 12));
    await server.settled();
    expect(witness.size(ORIGIN)).toBe(12);
    expect(server.witnesses.status()[0]).toMatchObject({ cosigned: { size: 12 }, failure: null });
  });

  it('of the approver set decide which checkpoint outsiders get', async () => {
    const [one, two] = [await witnessNamed('w1'), await witnessNamed('w2')];
    const server = serverOver(await open(), [one, two]);
    const policy = { threshold: 2, keys: [one.key, two.key] };
    await server.witnesses.start(null, 5_000);
    await server.add(numbers(0, 3));
    expect(await server.published()).toBe(3);
    await server.settled();
    server.state.policy = policy;
    await two.stop();
    await server.add(numbers(3, 5));
    await server.settled();
    expect([await server.newest(), await server.published()]).toEqual([5, 3]);
    // Proofs and tiles end at the published checkpoint too.
    expect((await server.ledger.published.proveGrowth(1)).checkpoint.split('\n')[1]).toBe('3');
    expect(await server.ledger.published.tile({ level: 'entries', number: 0, width: 5 })).toBeNull();
    await expect(server.ledger.published.proveEntry(4)).rejects.toMatchObject({ code: 'proof_invalid' });
    expect(await server.ledger.tile({ level: 'entries', number: 0, width: 5 })).not.toBeNull();
    await two.start();
    server.state.now += 10_000;
    server.witnesses.submit();
    await expect.poll(server.published).toBe(5);
    await requireCosignatures(await server.ledger.published.checkpoint(), policy);
  });

  it('without enough cosignatures, outsiders keep the checkpoint that they saw last', async () => {
    const server = serverOver(await open(), []);
    await server.add(numbers(0, 3));
    expect(await server.published()).toBe(3);
    server.state.policy = { threshold: 1, keys: [(await witnessNamed('w9')).key] };
    await server.add(numbers(3, 6));
    expect([await server.newest(), await server.published()]).toEqual([6, 3]);
  });

  it('case 38: a store that is older than a cosigned checkpoint signs nothing, and says how to fix this', async () => {
    const { witness } = await witnessed(open, 9);
    const old = serverOver(await open(), []);
    await old.add(numbers(0, 5));
    const restored = serverOver(old.database, [witness]);
    await add(restored.database, ['new entry']);
    await restored.witnesses.start(null, 5_000);
    await restored.ledger.sequence();
    expect(await restored.newest()).toBe(5);
    expect(restored.ledger.resting()).toContain('has cosigned 9 ledger entries, and the database here has 5');
    expect(restored.errors.join()).toMatch(/older copy.*put the newest copy of its database in place/);
    // The witness's checkpoint has the signature of this server, so it proves the loss to the recovery.
    expect(await openCheckpoint(restored.contradictions[0] ?? '', signer)).toMatchObject({ size: 9 });
    expect(await new LedgerStore(restored.database).waiting()).toBe(true);
    expect(witness.size(ORIGIN)).toBe(9);
  });

  it('case 38: a store that has another history than a witness signs nothing', async () => {
    const { witness } = await witnessed(open, 5);
    const forked = serverOver(await open(), []);
    await forked.add(numbers(0, 9, 'fork'));
    const server = serverOver(forked.database, [witness]);
    await server.witnesses.start(null, 5_000);
    await server.add(['new entry']);
    expect(await server.newest()).toBe(9);
    expect(server.ledger.resting()).toContain(
      'has cosigned a ledger of 5 entries that the ledger here does not contain',
    );
    expect(witness.size(ORIGIN)).toBe(5);
  });

  it('case 38: after a start, the ledger waits for the witnesses that devices require', async () => {
    const first = serverOver(await open(), []);
    await first.add(numbers(0, 5));
    const [one, two] = [await witnessNamed('w1'), await witnessNamed('w2')];
    await two.stop();
    const server = serverOver(first.database, [one, two]);
    const policy = { threshold: 1, keys: [one.key, two.key] };
    server.state.policy = policy;
    await server.witnesses.start(policy, 1_000);
    await server.add(['new entry']);
    expect(await server.newest()).toBe(5);
    expect(server.ledger.resting()).toMatch(/waits until 2 of its 2 witnesses .* and 1 have/);
    await two.start();
    server.state.now += 10_000;
    server.witnesses.submit();
    await expect.poll(() => server.ledger.resting()).toBeNull();
    await server.ledger.sequence();
    expect(await server.newest()).toBe(6);
  });

  it('that do not know the ledger yet are no obstacle after a start, and the failure names the remedy', async () => {
    const first = serverOver(await open(), []);
    await first.add(numbers(0, 5));
    const server = serverOver(first.database, [await witnessNamed('w1', [])]);
    await server.witnesses.start(null, 5_000);
    await server.add(['new entry']);
    expect(await server.newest()).toBe(6);
    expect(server.witnesses.status()[0]?.failure).toContain('Send the verifier key of the ledger to its operator');
  });

  describe('with a proxy that refuses submissions', () => {
    /** A witness with 9 entries, and a server on a database with the first 5. `cosigned`: the database has the witness's cosignature. */
    async function olderServer(cosigned: boolean, refusal: number, retrieval: number | null) {
      const witness = await witnessNamed('w1');
      const before = serverOver(await open(), cosigned ? [witness] : []);
      await before.witnesses.start(null, 5_000);
      await before.add(numbers(0, 5));
      await before.settled();
      await before.witnesses.stop();
      const newer = serverOver(await open(), [witness]);
      await newer.witnesses.start(null, 5_000);
      await newer.add(numbers(0, 9));
      await newer.settled();
      expect(witness.size(ORIGIN)).toBe(9);
      const url = await proxyBefore(witness, refusal, retrieval);
      const older = serverOver(before.database, [{ ...witness, url }]);
      await older.witnesses.start(null, 5_000);
      await older.add(['new entry']);
      return older;
    }

    it.each<readonly [name: string, cosigned: boolean, refusal: number, retrieval: number | null, failure: string]>([
      ['403 after a cosignature', true, 403, 404, 'although it cosigned 5 entries'],
      ['404 after a cosignature', true, 404, 404, 'although it cosigned 5 entries'],
      ['403 for the retrieval too', false, 403, 403, 'Its cosigned checkpoint has HTTP status 403'],
      ['404, and the witness publishes more entries', false, 404, null, 'has cosigned 9 ledger entries'],
    ])('the server signs nothing: %s', async (_name, cosigned, refusal, retrieval, failure) => {
      const older = await olderServer(cosigned, refusal, retrieval);
      expect(older.witnesses.status()[0]?.failure).toContain(failure);
      expect(older.ledger.resting()).not.toBeNull();
      expect(await older.newest()).toBe(5);
    });
  });

  it('with another key than the configured one do not count', async () => {
    const [real, other] = [await witnessNamed('w1'), await witnessNamed('w2')];
    const server = serverOver(await open(), [{ ...real, key: other.key }]);
    await server.witnesses.start(null, 5_000);
    await server.add(numbers(0, 3));
    await server.settled();
    expect(server.witnesses.status()[0]).toMatchObject({ cosigned: null, failure: expect.stringContaining('invalid') });
    expect(await server.cosignatures.of(3)).toEqual([]);
  });

  it('leave a bounded number of cosignatures in the store', async () => {
    const store = new CosignatureStore(await open());
    for (let size = 1; size <= 1010; size++) await store.add({ size, witness: 'w', line: `line ${size}`, at: 1 });
    await store.add({ size: 1010, witness: 'w', line: 'newer line', at: 2 });
    expect([(await store.of(10)).length, (await store.of(11)).length]).toEqual([0, 1]);
    expect(await store.newest('w')).toEqual({ size: 1010, witness: 'w', line: 'newer line', at: 2 });
  });
});
