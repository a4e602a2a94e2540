/** Check of the ledger in a browser, against a real server whose stored ledger is shortened. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type ApiServer, startApi } from '../../../tests/support/api-server.ts';
import { appendEntry } from '../../store/append-entries.ts';
import { checkLedger } from './check-ledger.ts';

let api: ApiServer;
const storage = new Map<string, string>();

async function grow(count: number): Promise<void> {
  await api.database.transaction(async (tx) => {
    for (let at = 0; at < count; at++) {
      await appendEntry(tx, { kind: 'certificate.issued', at, subject: `dev_${at}`, public: { serial: `${at}` } });
    }
  });
  await api.ledger.sequence();
}

beforeAll(async () => {
  api = await startApi();
  const owner = await api.account('owner@example.org', []);
  const authorization = `Bearer ${await api.token(owner)}`;
  const { fetch } = globalThis;
  // Stand-in for a page, which sends requests to its own origin and has its own browser storage.
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    return fetch(new URL(path, api.url), { ...init, headers });
  });
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, text: string) => void storage.set(name, text),
  });
  await grow(10);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await api.close();
});

it('verifies a ledger that only grew, and reports a ledger that is shorter than before', async () => {
  const first = await checkLedger('test', 1);
  expect(first.before).toBeNull();
  const { size } = first.checkpoint;
  await grow(5);
  const second = await checkLedger('test', 2);
  expect([second.checkpoint.size, second.before]).toEqual([size + 5, { size, at: 1, firstAt: 1 }]);

  const pinned = [...storage];
  await api.database.db.deleteFrom('checkpoints').where('size', '>', size).execute();
  await expect(checkLedger('test', 3)).rejects.toMatchObject({
    name: 'CordonError',
    code: 'proof_invalid',
    message: expect.stringContaining(`${size + 5}`),
  });
  expect([...storage]).toEqual(pinned);
});

it('does not report a shortened ledger when the server does not respond', async () => {
  await api.database.db.deleteFrom('checkpoints').execute();
  await expect(checkLedger('test', 4)).rejects.toMatchObject({ name: 'Refusal', code: 'ledger_unavailable' });
});
