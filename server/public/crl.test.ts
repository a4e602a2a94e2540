import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, expect, it } from 'vitest';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import { crlRouter } from './crl.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

it('serves the newest revocation list unchanged', async () => {
  const der = Buffer.from('30030201ff', 'hex');
  const crl = { number: 3, der, thisUpdate: 1_447_200_000_000, nextUpdate: 1_447_900_000_000, entries: 0 };
  const server = express()
    .use(crlRouter({ revocationList: { current: async () => crl } }))
    .listen(0, '127.0.0.1');
  stops.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${CRL_PATH}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/pkix-crl');
  expect(answer.headers.get('last-modified')).toBe('Wed, 11 Nov 2015 00:00:00 GMT');
  expect(Buffer.from(await answer.arrayBuffer()).equals(der)).toBe(true);
});
