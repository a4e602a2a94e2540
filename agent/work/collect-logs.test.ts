import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { LARGEST_LOG } from '../../shared/protocol/device-http.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { collectLogs, withoutSecrets } from './collect-logs.ts';

it.each([
  ['-----BEGIN PRIVATE KEY-----\nMIG\nHAg\n-----END PRIVATE KEY-----', '[removed]'],
  ['a proxy https://user:pass-word@proxy.example failed', 'a proxy https://user:[removed]@proxy.example failed'],
  [`share ${'Ab1+'.repeat(10)}qrs= end`, 'share [removed] end'],
  [`code ${'abcdefgh2345'.repeat(4)}`, 'code [removed]'],
])('removes the secret from %j', (line, safe) => {
  expect(withoutSecrets(line)).toBe(safe);
});

it.each([
  '{"level":30,"time":1764460000000,"name":"cordon-agent","state":"connected","msg":"link"}',
  'the server names this device dev_abcdefghijklmnop of abcdefghijklmnop',
  'cannot read /var/lib/cordon-agent/identity/enrollment.json',
  'connect ECONNREFUSED 127.0.0.1:8443 https://cordon.example:8443/link?list=12',
])('keeps %j', (line) => {
  expect(withoutSecrets(line)).toBe(line);
});

it('sends the newest lines of a log that compresses badly, within the limit', async () => {
  const all = Array.from(
    { length: 2_000 },
    (_, index) => `${index} ${randomBytes(1_500).toString('latin1').replaceAll(/\W/g, '.')}`,
  );
  const sent: Buffer[] = [];
  const http =
    () =>
    async (url: URL, { body }: { body?: string | Buffer }) => {
      expect(url.pathname).toMatch(/^\/device\/logs\/cmd_/);
      sent.push(Buffer.from(body ?? ''));
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    };
  const ports = { readLog: () => all.join('\n'), deviceUrl: () => 'https://device.example', http };
  expect(await collectLogs(ports, newCommandId())).toMatch(/^The agent sent \d+ lines of its log/);
  expect(sent[0]?.length).toBeLessThanOrEqual(LARGEST_LOG);
  const lines = gunzipSync(sent[0] ?? '')
    .toString()
    .trimEnd()
    .split('\n');
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.at(-1)).toBe(all.at(-1));
});
