import { afterEach, describe, expect, it } from 'vitest';
import { startNtpServer } from '../../tests/support/ntp-server.ts';
import { measureTime, querySntp } from './time-sources.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function ntpServer(offset: number, change?: (answer: Buffer) => void): Promise<string> {
  const { address, close } = await startNtpServer(() => offset, change);
  closing.push(close);
  return address;
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
