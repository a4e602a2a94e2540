/** Proofs as the console gets them, verified by the code that an outsider uses. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consistencyView, inclusionView } from '../../shared/api/ledger.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { appendLeaf } from '../store/leaves.ts';

let api: ApiServer;
let auditor: Record<string, string>;
/** Of the checkpoints that there were, by size. */
const roots = new Map<number, Buffer>();

const bytes = (hash: string) => Buffer.from(hash, 'base64');
const opened = (note: string) => openCheckpoint(note, parseVerifierKey(api.ledger.verifierKey));

async function grow(count: number): Promise<void> {
  await api.database.transaction(async (tx) => {
    for (let at = 0; at < count; at++) {
      await appendLeaf(tx, { kind: 'certificate.issued', at, subject: `dev_${at}`, public: { serial: `Zoë ${at}` } });
    }
  });
  await api.ledger.sequence();
  const { size, root } = opened(await api.ledger.checkpoint());
  roots.set(size, root);
}

beforeAll(async () => {
  api = await startApi();
  await api.account('owner@example.org', []);
  const who = await api.account('auditor@example.org', [{ role: 'auditor', group: null, area: null }]);
  auditor = { authorization: `Bearer ${await api.token(who)}` };
  for (const count of [1, 5, 250, 44]) await grow(count);
});
afterAll(() => api.close());

it('proves each leaf against the checkpoint that stands beside the proof', async () => {
  const size = Math.max(...roots.keys());
  for (const index of [0, 1, 2, 255, 256, size - 1]) {
    const { json } = await api.request('GET', `/api/v1/ledger/inclusion?index=${index}`, auditor);
    const view = inclusionView.parse(json);
    const checkpoint = opened(view.checkpoint);
    expect([view.index, view.key, checkpoint.size]).toEqual([index, api.ledger.verifierKey, size]);
    const leaf = leafHash(Buffer.from(view.body));
    const verify = (at: number) => verifyInclusion(leaf, at, checkpoint.size, view.proof.map(bytes), checkpoint.root);
    expect(() => verify(index)).not.toThrow();
    expect(() => verify(index === 0 ? 1 : 0)).toThrow();
  }
});

it('proves that the tree only grew', async () => {
  for (const [from, root] of roots) {
    const { json } = await api.request('GET', `/api/v1/ledger/consistency?from=${from}`, auditor);
    const view = consistencyView.parse(json);
    const { size, root: newest } = opened(view.checkpoint);
    const verify = (old: Buffer) => verifyConsistency(from, size, view.proof.map(bytes), old, newest);
    expect(() => verify(root)).not.toThrow();
    expect(() => verify(Buffer.alloc(32))).toThrow();
  }
});

it('takes proof and checkpoint of one tree while it grows', async () => {
  const growth = async () => {
    for (let n = 0; n < 5; n++) {
      await new Promise(setImmediate);
      await grow(7);
    }
  };
  const sizes = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const [{ json }] = await Promise.all([api.request('GET', '/api/v1/ledger/inclusion?index=3', auditor), growth()]);
    const view = inclusionView.parse(json);
    const { size, root } = opened(view.checkpoint);
    verifyInclusion(leafHash(Buffer.from(view.body)), 3, size, view.proof.map(bytes), root);
    sizes.add(size);
  }
  expect(sizes.size).toBeGreaterThan(5);
});

it('says how far the ledger reaches when it is asked for more', async () => {
  const size = Math.max(...roots.keys());
  for (const path of [`inclusion?index=${size}`, `consistency?from=${size + 1}`]) {
    const { status, json } = await api.request('GET', `/api/v1/ledger/${path}`, auditor);
    expect([status, json.code]).toEqual([422, 'proof_invalid']);
    expect(json.detail).toContain(`${size}`);
  }
  for (const path of ['inclusion', 'inclusion?index=-1', 'inclusion?index=1.5', 'consistency?from=0']) {
    expect((await api.request('GET', `/api/v1/ledger/${path}`, auditor)).json.code).toBe('invalid_input');
  }
});
