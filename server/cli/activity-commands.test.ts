/** `cordon activity`: list and export over the real API, and verification offline against a copy of the ledger. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { ledgerRouter } from '../public/ledger.ts';

let api: ApiServer;
let listener: Server;
let folder: string;
let token: string;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-activity-'));
  token = await api.token(await api.account('owner@example.org', []));
  listener = createServer(express().use(ledgerRouter({ ledger: api.ledger, approverSets: () => [] })));
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  listener.closeAllConnections();
  listener.close();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

function cordon(...args: string[]) {
  return runInProcess(args, { XDG_CONFIG_HOME: join(folder, 'nobody'), CORDON_SERVER: api.url, CORDON_TOKEN: token });
}

it('lists, exports and verifies the log, and names a changed entry', async () => {
  await cordon('groups', 'add', 'Paris');
  const listed = await cordon('activity', 'list', '--action', 'groups');
  expect(listed.out).toMatch(/owner@example\.org +groups\.create +group Paris +ok/);
  expect((await cordon('activity', 'list', '--from', 'yesterday')).err).toContain('--from: yesterday is not a time');

  await api.activity.seal();
  await api.ledger.sequence();
  const file = join(folder, 'log.jsonl');
  expect((await cordon('activity', 'export', file)).out).toContain('bytes');
  const copy = join(folder, 'copy');
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  expect((await cordon('ledger', 'copy', url, copy)).code).toBe(0);
  const alone = await cordon('activity', 'verify', file);
  expect([alone.code, alone.out]).toEqual([0, expect.stringContaining('Not compared with the ledger')]);
  const key = api.ledger.verifierKey;
  const verified = await cordon('activity', 'verify', file, '--ledger', copy, '--key', key, '--json');
  expect(verified.json()).toMatchObject({ batches: 1, inLedger: 1, pinned: true });

  const changed = join(folder, 'changed.jsonl');
  writeFileSync(changed, readFileSync(file, 'utf8').replace('groups.create', 'groups.delete'));
  const broken = await cordon('activity', 'verify', changed, '--ledger', copy);
  expect(broken.code).not.toBe(0);
  expect(broken.err).toContain('An entry of batch 1 was changed or reordered.');
  const csv = join(folder, 'log.csv');
  expect((await cordon('activity', 'export', csv, '--format', 'csv', '--action', 'groups')).code).toBe(0);
  expect(readFileSync(csv, 'utf8')).toContain('groups.create');
  expect((await cordon('activity', 'verify', csv)).err).toContain('Line 1 is not JSON');
});
