import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { tilePath } from '../../shared/ledger/tiles.ts';
import { ledgerRouter } from './ledger.ts';

describe('public ledger', () => {
  const app = express().use(
    ledgerRouter({
      ledger: {
        verifierKey: 'the key',
        continuations: () => [],
        checkpoint: async () => 'the note\n',
        tile: async (tile) => (tile.number < 2000 ? Buffer.from(tilePath(tile)) : null),
      },
      approverSets: () => [],
    }),
  );
  const server = createServer(app);
  let base: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it('serves the checkpoint uncached, and every tile with an unlimited cache lifetime', async () => {
    const checkpoint = await fetch(`${base}/ledger/checkpoint`);
    expect(await checkpoint.text()).toBe('the note\n');
    expect(checkpoint.headers.get('cache-control')).toBe('no-cache');
    for (const path of ['tile/0/000', 'tile/entries/x001/999.p/7']) {
      const tile = await fetch(`${base}/ledger/${path}`);
      expect(await tile.text()).toBe(path);
      expect(tile.headers.get('content-type')).toBe('application/octet-stream');
      expect(tile.headers.get('cache-control')).toContain('immutable');
    }
  });

  it.each(['tile/0/x002/000', 'tile/0/0', 'tile/9/000', 'tile/0/000.p/256', 'tile/entries', 'tile/0/%2e%2e/000'])(
    '%s is not found',
    async (path) => {
      const response = await fetch(`${base}/ledger/${path}`);
      // Without the public app's error table, every refusal is a 500 here. The test only requires that the server sends no tile.
      expect(response.ok).toBe(false);
      expect(response.headers.get('cache-control') ?? '').not.toContain('immutable');
    },
  );

  it('can be copied by the command line’s client', async () => {
    const read = ledgerAt(base);
    expect((await read('tile/0/001'))?.toString()).toBe('tile/0/001');
    expect(await read('nothing/here')).toBeNull();
    await expect(read('tile/9/000')).rejects.toMatchObject({ code: 'ledger_unavailable' });
  });
});
