import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { measureTime, querySntp } from './time-sources.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Real SNTP server (RFC 4330) whose clock has this error. */
async function ntpServer(offset: number, change: (answer: Buffer) => void = () => undefined): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    request.copy(answer, 24, 40, 48);
    for (const at of [32, 40]) {
      const now = Date.now() + offset;
      answer.writeUInt32BE((Math.floor(now / 1000) + 2_208_988_800) % 2 ** 32, at);
      answer.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), at + 4);
    }
    change(answer);
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

describe('SNTP query', () => {
  it.each([0, -2 * 86_400_000, 3_600_000])('measures the error of this clock: %d ms', async (offset) => {
    const ahead = await querySntp(await ntpServer(offset));
    expect(Math.abs(ahead + offset)).toBeLessThan(500);
  });

  it('rejects a server that is not synchronized', async () => {
    const server = await ntpServer(0, (answer) => answer.writeUInt8(0xe4, 0));
    await expect(querySntp(server)).rejects.toThrow(/not synchronized/);
  });

  it('ignores a response to another request, and reports the missing response', { timeout: 20_000 }, async () => {
    const server = await ntpServer(0, (answer) => answer.writeUInt8((answer[24] ?? 0) ^ 1, 24));
    expect(await measureTime(server)).toBeNull();
  });

  it('names its time source', async () => {
    const server = await ntpServer(0);
    expect(await measureTime(server)).toMatchObject({ source: `the NTP server ${server}` });
  });
});
