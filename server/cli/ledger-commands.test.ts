/** `cordon ledger copy` from the real public routes, and `cordon ledger verify` offline. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { signCosignature } from '../../shared/ledger/sign-cosignature.ts';
import { COSIGNATURE, splitNote } from '../../shared/ledger/signed-note.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { newSigner } from '../../tests/support/witnessed-log.ts';
import { ledgerRouter } from '../public/ledger.ts';

let api: ApiServer;
let listener: Server;
let folder: string;
let url: string;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-ledger-'));
  await api.account('owner@example.org', [{ role: 'legal', group: null, area: null }]);
  await api.ledger.sequence();
  listener = createServer(express().use(ledgerRouter({ ledger: api.ledger, approverSets: () => [] })));
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterAll(async () => {
  listener.closeAllConnections();
  listener.close();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

function cordon(...args: string[]) {
  // Verification needs no server and no session.
  const env = { XDG_CONFIG_HOME: join(folder, 'nobody'), CORDON_SERVER: 'http://127.0.0.1:1' };
  return runInProcess(['ledger', ...args], env);
}

it('copies the ledger, verifies the copy offline, and names a changed file', async () => {
  const copy = join(folder, 'copy');
  const key = api.ledger.verifierKey;
  const copied = await cordon('copy', url, copy, '--key', key);
  expect([copied.code, copied.err]).toEqual([0, '']);
  const verified = await cordon('verify', copy, '--key', key, '--json');
  expect(JSON.parse(verified.out)).toMatchObject({ origin: 'cordon/test', size: 2, entries: { 'role.granted': 2 } });
  expect((await cordon('verify', copy)).out).toContain('the key in the copy');

  await api.account('second@example.org', [{ role: 'auditor', group: null, area: null }]);
  await api.ledger.sequence();
  expect((await cordon('copy', url, copy, '--key', key)).out).toContain('extends the earlier copy of 2 entries');

  const entries = join(copy, 'tile', 'entries', '000.p', '3');
  writeFileSync(entries, readFileSync(entries, 'latin1').replace('auditor', 'auditex'), 'latin1');
  const broken = await cordon('verify', copy, '--key', key);
  expect([broken.code, broken.err]).toEqual([EXIT.unverified, expect.stringContaining('[proof_invalid]')]);
  expect((await cordon('verify', join(folder, 'nothing'))).code).toBe(EXIT.notFound);
});

it('case 37: refuses a checkpoint that another key signed', async () => {
  const other = await startApi();
  try {
    const { code, err } = await cordon('copy', url, join(folder, 'other'), '--key', other.ledger.verifierKey);
    expect([code, err]).toEqual([EXIT.unverified, expect.stringContaining('[checkpoint_invalid]')]);
  } finally {
    await other.close();
  }
});

it('requires the cosignatures of the given witnesses, in a download and offline', async () => {
  const witness = newSigner('witness.example.org/w1');
  const key = verifierKey(witness, COSIGNATURE);
  const copy = join(folder, 'cosigned');
  const refused = await cordon('copy', url, copy, '--witness', key);
  expect([refused.code, refused.err]).toEqual([EXIT.unverified, expect.stringContaining('[ledger_not_cosigned]')]);
  expect(existsSync(join(copy, 'checkpoint'))).toBe(false);
  expect((await cordon('copy', url, copy)).code).toBe(0);
  expect((await cordon('verify', copy, '--witness', key)).code).toBe(EXIT.unverified);
  const note = readFileSync(join(copy, 'checkpoint'), 'utf8');
  writeFileSync(join(copy, 'checkpoint'), note + signCosignature(splitNote(note).text, Date.now(), witness));
  expect(await cordon('verify', copy, '--witness', key)).toMatchObject({ code: 0, err: '' });
  for (const [options, words] of [
    [['--witness', key, key], 'each witness once'],
    [['--witness', key, '--witness-threshold', '2'], 'from 1 to 1'],
    [['--witness-threshold', '1'], 'together with the keys'],
  ] as const) {
    const { code, err } = await cordon('verify', copy, ...options);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining(words)]);
  }
});
