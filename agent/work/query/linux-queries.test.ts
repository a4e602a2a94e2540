/** Parsers of the Linux readers for live queries, and the limits of an answer. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerSchema, LARGEST_ANSWER, MOST_ROWS } from '../../../shared/live-query/live-query.ts';
import { boundedAnswer } from './answer-query.ts';
import { addressOf, parseSockets } from './linux-ports.ts';
import { parseStatus, startTicks } from './linux-processes.ts';
import { linuxServices } from './linux-services.ts';

it.each([
  ['0100007F', '127.0.0.1'],
  ['00000000', '0.0.0.0'],
  ['00000000000000000000000001000000', '::1'],
  ['00000000000000000000000000000000', '::'],
  ['B80D01200000000000000000010000F0', '2001:db8::f000:1'],
])('reads the address %s as %s', (hex, address) => {
  expect(addressOf(hex)).toBe(address);
});

it('lists listening TCP sockets and bound UDP sockets, and no connections', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const line = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
  const text = [head, line('0100007F:1F90', '0A', 11), line('0100007F:1F91', '01', 12), 'broken', ''].join('\n');
  expect(parseSockets('tcp', text)).toEqual([
    { protocol: 'tcp', address: '127.0.0.1', port: 8080, uid: 1000, inode: '11' },
  ]);
  expect(parseSockets('udp', [head, line('00000000:0035', '07', 13)].join('\n'))).toMatchObject([
    { protocol: 'udp', address: '0.0.0.0', port: 53 },
  ]);
});

it('reads status and start of a process whose name has spaces and parentheses', () => {
  expect(parseStatus('Name:\ta) (b\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t  2048 kB\n')).toEqual({
    name: 'a) (b',
    uid: 1000,
    memory: 2_097_152,
  });
  // A kernel thread has no memory of its own.
  expect(parseStatus('Name:\tkthreadd\nUid:\t0\t0\t0\t0\n')).toMatchObject({ memory: null, uid: 0 });
  expect(parseStatus('')).toBeNull();
  const fields = ['S', ...Array.from({ length: 18 }, (_, index) => index), 4711, 0];
  expect(startTicks(`7 (a) (b) ${fields.join(' ')}`)).toBe(4711);
  expect(startTicks('')).toBeNull();
});

it('lists services, and none on a machine without systemd', async () => {
  const output = JSON.stringify([
    { unit: 'ssh.service', load: 'loaded', active: 'active', sub: 'running', description: 'OpenSSH' },
    { unit: 'cron.service', load: 'loaded', active: 'failed', sub: 'failed', description: 'cron' },
  ]);
  const rowsOf = async (query: { name?: string; failed?: true }) =>
    (await linuxServices({ kind: 'services', ...query }, async () => output))?.rows.map(([unit]) => unit);
  expect(await rowsOf({})).toEqual(['ssh.service', 'cron.service']);
  expect(await rowsOf({ failed: true })).toEqual(['cron.service']);
  expect(await rowsOf({ name: 'SSH' })).toEqual(['ssh.service']);
  expect(await linuxServices({ kind: 'services' }, async () => null)).toBeNull();
});

it('every answer fits the protocol, and a shortened answer says so', () => {
  const cell = fc.oneof(fc.string({ unit: 'binary', maxLength: 3_000 }), fc.double(), fc.constant(null));
  const rows = fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { maxLength: 40 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 100 }), (some, times) => {
      const all = Array.from({ length: times }, () => some).flat();
      const answer = boundedAnswer({ rows: all });
      expect(answerSchema.safeParse(JSON.parse(JSON.stringify(answer))).success).toBe(true);
      expect(Buffer.byteLength(JSON.stringify(answer.rows))).toBeLessThanOrEqual(LARGEST_ANSWER);
      expect(answer.truncated).toBe(answer.rows.length < all.length);
    }),
    { numRuns: 50 },
  );
  const many = Array.from({ length: MOST_ROWS + 1 }, () => [1]);
  expect(boundedAnswer({ rows: many })).toMatchObject({ truncated: true, rows: { length: MOST_ROWS } });
});
