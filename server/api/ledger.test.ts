/** Proofs from the API, verified with the console's own code. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consistencyView, inclusionView } from '../../shared/api/ledger.ts';
import { checkGrowth, checkInclusion } from '../../shared/ledger/check-proofs.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { appendEntry } from '../store/append-entries.ts';

let api: ApiServer;
let auditor: Record<string, string>;
/** Earlier checkpoints, by size. */
const notes = new Map<number, string>();

async function grow(count: number): Promise<void> {
  await api.database.transaction(async (tx) => {
    for (let at = 0; at < count; at++) {
      await appendEntry(tx, { kind: 'certificate.issued', at, subject: `dev_${at}`, public: { serial: `Zoë ${at}` } });
    }
  });
  await api.ledger.sequence();
  const note = await api.ledger.checkpoint();
  const { size } = await openCheckpoint(note, await parseVerifierKey(api.ledger.verifierKey));
  notes.set(size, note);
}

beforeAll(async () => {
  api = await startApi();
  await api.account('owner@example.org', []);
  const who = await api.account('auditor@example.org', [{ role: 'auditor', group: null, area: null }]);
  auditor = { authorization: `Bearer ${await api.token(who)}` };
  for (const count of [1, 5, 250, 44]) await grow(count);
});
afterAll(() => api.close());

it('proves each entry against the checkpoint in the same response', async () => {
  const size = Math.max(...notes.keys());
  for (const index of [0, 1, 2, 255, 256, size - 1]) {
    const { json } = await api.request('GET', `/api/v1/ledger/inclusion?index=${index}`, auditor);
    const view = inclusionView.parse(json);
    const { entry, checkpoint } = await checkInclusion(view, index, api.ledger.verifierKey);
    expect([view.key, checkpoint.size]).toEqual([api.ledger.verifierKey, size]);
    expect(entry).toEqual(JSON.parse(view.body));
    const other = index === 0 ? 1 : 0;
    await expect(checkInclusion({ ...view, index: other }, other, view.key)).rejects.toMatchObject({
      code: 'proof_invalid',
    });
  }
});

it('proves that a tree extends an earlier one', async () => {
  for (const [from, note] of notes) {
    const { json } = await api.request('GET', `/api/v1/ledger/consistency?from=${from}`, auditor);
    const view = consistencyView.parse(json);
    expect((await checkGrowth(view, note, api.ledger.verifierKey)).size).toBe(Math.max(...notes.keys()));
    const proof = [...view.proof.slice(1), Buffer.alloc(32).toString('base64')];
    await expect(checkGrowth({ ...view, proof }, note, api.ledger.verifierKey)).rejects.toThrow();
  }
});

it('returns proof and checkpoint of the same tree while the ledger grows', async () => {
  const growth = async () => {
    for (let n = 0; n < 5; n++) {
      await new Promise(setImmediate);
      await grow(7);
    }
  };
  const sizes = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const [{ json }] = await Promise.all([api.request('GET', '/api/v1/ledger/inclusion?index=3', auditor), growth()]);
    const { checkpoint } = await checkInclusion(inclusionView.parse(json), 3, api.ledger.verifierKey);
    sizes.add(checkpoint.size);
  }
  expect(sizes.size).toBeGreaterThan(5);
});

it('states the size of the ledger when the requested index is beyond it', async () => {
  const size = Math.max(...notes.keys());
  for (const path of [`inclusion?index=${size}`, `consistency?from=${size + 1}`]) {
    const { status, json } = await api.request('GET', `/api/v1/ledger/${path}`, auditor);
    expect([status, json.code]).toEqual([422, 'proof_invalid']);
    expect(json.detail).toContain(`${size}`);
  }
  for (const path of ['inclusion', 'inclusion?index=-1', 'inclusion?index=1.5', 'consistency?from=0']) {
    expect((await api.request('GET', `/api/v1/ledger/${path}`, auditor)).json.code).toBe('invalid_input');
  }
});
