import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { ADD_CHECKPOINT } from '../../shared/ledger/witness-protocol.ts';
import { openLocalWitness } from '../../tests/support/local-witness.ts';
import { createWitnessedLog } from '../../tests/support/witnessed-log.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Sends a part of a body. Returns after the server has begun to read the body. */
async function sendPartOfBody(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  closing.push(() => void socket.destroy());
  socket.write(
    `POST /${ADD_CHECKPOINT} HTTP/1.1\r\nHost: witness\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\nold 0\n`,
  );
  const [response] = await once(socket, 'data');
  expect(String(response)).toMatch(/^HTTP\/1\.1 100 /);
}

it('cosigns checkpoints while many other senders do not complete their requests', async () => {
  const log = createWitnessedLog();
  const witness = await openLocalWitness('witness.example.org/w1', [log.signer]);
  closing.push(witness.remove);
  await witness.start();
  const port = Number(new URL(witness.url).port);
  await Promise.all(Array.from({ length: 64 }, () => sendPartOfBody(port)));
  const submission = { method: 'POST', body: await log.submission(0, 5) };
  const response = await fetch(new URL(ADD_CHECKPOINT, witness.url), submission);
  expect(response.status).toBe(200);
  expect(witness.size(log.origin)).toBe(5);
});
