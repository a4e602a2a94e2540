/** Browsers that have seen a ledger, and a server that lost entries of the ledger and continues it, over the real API and store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openAuthority } from '../../../certs/authority.ts';
import { continuationView } from '../../../shared/api/recovery.ts';
import { PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { webSigners } from '../../../shared/order/web-signers.ts';
import { type ApiApprover, adoptApprovers, signContinuation } from '../../../tests/support/api-approvers.ts';
import { type ApiServer, startApi } from '../../../tests/support/api-server.ts';
import { restoredState } from '../../../tests/support/restored-state.ts';
import { appendEntry } from '../../store/append-entries.ts';
import { checkLedger } from './check-ledger.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-follow-'));
let api: ApiServer;
let approvers: readonly ApiApprover[];
let storage = new Map<string, string>();

async function grow(count: number): Promise<void> {
  await api.database.transaction(async (tx) => {
    for (let at = 0; at < count; at++) {
      await appendEntry(tx, { kind: 'role.granted', at, subject: `acc_${at}`, public: { role: 'auditor' } });
    }
  });
  await api.ledger.sequence();
}

/** Store as it is in an older backup. */
async function lose(size: number): Promise<void> {
  const { db } = api.database;
  await db.deleteFrom('checkpoints').where('size', '>', size).execute();
  await db.deleteFrom('ledger_openings').execute();
  await db.deleteFrom('ledger_entries').where('entry_index', '>=', size).execute();
  for (const { level, position } of await db.selectFrom('ledger_hashes').select(['level', 'position']).execute()) {
    if ((position + 1) * 2 ** level <= size) continue;
    await db.deleteFrom('ledger_hashes').where('level', '=', level).where('position', '=', position).execute();
  }
}

beforeAll(async () => {
  const authority = openAuthority({
    folder: join(folder, 'keys'),
    passphrase: 'a long passphrase',
    organization: 'Test',
    serverNames: ['localhost'],
  });
  const restored = restoredState({ closedAt: 2 });
  api = await startApi({ authority, restored });
  const owner = await api.account('owner@example.org', []);
  approvers = await adoptApprovers(api);
  const authorization = `Bearer ${await api.token(owner)}`;
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    if (path.startsWith('http')) return fetch(path, init);
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    return fetch(new URL(path, api.url), { ...init, headers });
  });
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, text: string) => void storage.set(name, text),
  });
  await api.ledger.sequence();
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a browser follows the document that approvers signed, and keeps the old checkpoint', async () => {
  const early = await checkLedger('test', 1);
  const ofEarly = storage;
  storage = new Map();
  await grow(5);
  const late = await checkLedger('test', 1);
  const ofLate = storage;
  await lose(early.checkpoint.size);

  // A shorter ledger under its old name is still an error.
  await expect(checkLedger('test', 2)).rejects.toMatchObject({ code: 'proof_invalid' });
  const [ada, ben] = approvers as [ApiApprover, ApiApprover];
  const owner = { authorization: `Bearer ${await api.token({ id: (await api.admins.accounts())[0]!.id })}` };
  const path = '/api/v1/recovery/ledger/continuations';
  const proposed = await api.request('POST', path, owner, { reason: 'a lost disk' });
  const proposal = continuationView.parse(proposed.json);
  for (const approver of [ada, ben]) await signContinuation(api, approver, proposal);
  await grow(3);

  storage = ofEarly;
  const followed = await checkLedger('test', 3);
  expect(followed.checkpoint.origin).toMatch(/^cordon\/test\/[0-9]{14}$/);
  expect(followed.givenUp).toMatchObject([
    { at: 3, remained: early.checkpoint.size, lost: false, reason: 'a lost disk' },
  ]);
  await grow(1);
  expect((await checkLedger('test', 4)).givenUp).toHaveLength(1);

  storage = ofLate;
  const seen = await checkLedger('test', 5);
  expect(seen.givenUp).toMatchObject([{ at: 5, lost: true }]);
  expect(seen.givenUp[0]?.checkpoint.split('\n').slice(0, 2)).toEqual(['cordon/test', String(late.checkpoint.size)]);

  // A continuation with too few signatures is refused, whatever state the server claims.
  storage = new Map(JSON.parse(JSON.stringify([...ofEarly])));
  const { signatures } = continuationView.parse((await api.request('GET', path, owner)).json.continuations[0]);
  const set = {
    approvers: approvers.map(({ key, email }) => ({ person: email, keyid: key.keyid, publicKey: key.publicKey })),
  };
  const of = (given: typeof signatures, payload = proposal.payload) =>
    webSigners(PAYLOAD_TYPES.ledgerContinuation, payload, given, set);
  expect((await of(signatures)).size).toBe(2);
  expect((await of(signatures.slice(0, 1))).size).toBe(1);
  expect((await of(signatures, `${proposal.payload} `)).size).toBe(0);
  expect((await of(signatures.map(({ sig }) => ({ keyid: ada.key.keyid, sig })))).size).toBe(1);
  expect(
    (
      await of([
        { keyid: ada.key.keyid, sig: 'AAAA' },
        { keyid: 'f'.repeat(64), sig: 'AAAA' },
      ])
    ).size,
  ).toBe(0);
});
