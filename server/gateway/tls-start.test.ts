import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAfterFirstBytes } from './tls-start.ts';

/** Connection over TCP, and its result: `start`, or the code of the failure. */
async function connection(within = 5_000) {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket]: [Socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  const results: string[] = [];
  const { promise: result, resolve } = Promise.withResolvers<string>();
  const settle = (one: string) => {
    results.push(one);
    resolve(one);
  };
  startAfterFirstBytes(socket, within, { start: () => settle('start'), failed: settle });
  return { client, socket, result, results };
}

describe('TLS', () => {
  it('starts after the first bytes, and receives all bytes in pieces that do not fill its buffer', async () => {
    const { client, socket, result } = await connection();
    const sent = Buffer.from(Array.from({ length: 2_500 }, (_, index) => index % 256));
    client.write(sent);
    expect(await result).toBe('start');
    const pieces: Buffer[] = [];
    for (let bytes = 0; bytes < sent.length; ) {
      const piece: Buffer | null = socket.read();
      if (piece === null) await once(socket, 'readable');
      else {
        pieces.push(piece);
        bytes += piece.length;
      }
    }
    expect(Buffer.concat(pieces)).toEqual(sent);
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(1_000);
  });

  it('does not start if the client disconnects first', async () => {
    const ended = await connection();
    ended.client.end();
    expect(await ended.result).toBe('ECONNRESET');
    const reset = await connection();
    reset.client.resetAndDestroy();
    reset.socket.on('error', () => reset.socket.destroy());
    expect(await reset.result).toBe('ECONNRESET');
    for (const { socket, results } of [ended, reset]) {
      if (!socket.closed) await once(socket, 'close');
      expect(results).toEqual(['ECONNRESET']);
    }
  });

  it('does not start if the client sends nothing in time', async () => {
    const { socket, result, results } = await connection(50);
    expect(await result).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
    if (!socket.closed) await once(socket, 'close');
    expect(results).toEqual(['ERR_TLS_HANDSHAKE_TIMEOUT']);
  });
});
