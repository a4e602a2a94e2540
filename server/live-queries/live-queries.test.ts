/** Rules of live queries: who reads answers, which answers count, and the limits of time and memory. */
import { beforeEach, expect, it } from 'vitest';
import type { Answer } from '../../shared/live-query/live-query.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { Wake } from '../bus/bus.ts';
import { createLiveQueries, KEPT, type LiveQueries, MOST_ASKED } from './live-queries.ts';

const PORTS = { kind: 'open-ports' } as const;
const answerOf = (rows: Answer['rows'] = [], outcome: Answer['outcome'] = 'answered'): Answer => ({
  outcome,
  detail: '',
  rows,
  truncated: false,
});
const ROW = ['tcp', '0.0.0.0', 22, 'sshd', 'root'];

let now: number;
let isOn: boolean;
let wakes: Wake[];
let queries: LiveQueries;
let device: DeviceId;
let other: DeviceId;
beforeEach(() => {
  now = 1_000_000;
  isOn = true;
  wakes = [];
  queries = createLiveQueries({ bus: { publish: (wake) => void wakes.push(wake) }, isOn: () => isOn, now: () => now });
  [device, other] = [newDeviceId(), newDeviceId()].sort() as [DeviceId, DeviceId];
});

const ask = (devices: readonly DeviceId[] = [device, other], by = 'acc_a') =>
  queries.ask({ query: PORTS, devices, seconds: 30, by });

it('shows the state of each device, and only to the account that asked', async () => {
  const { id, counts } = ask();
  expect(wakes).toEqual([{ kind: 'query', query: id }]);
  expect(counts).toEqual({ waiting: 2 });
  expect(queries.open(id)).toEqual({ query: PORTS, seconds: 30, devices: [device, other] });
  queries.asked(id, { device, generation: 3 });
  queries.unreachable(id, other, 'not-connected');
  await queries.answer(id, { device, generation: 3 }, answerOf([ROW]));
  expect(queries.get(id, 'acc_a').counts).toEqual({ answered: 1, 'not-connected': 1 });
  expect(queries.answers(id, 'acc_a', null, 50)).toMatchObject([
    { device, state: 'answered', rows: [ROW] },
    { device: other, state: 'not-connected', rows: [] },
  ]);
  expect(queries.answers(id, 'acc_a', device, 50)).toMatchObject([{ device: other }]);
  expect(() => queries.get(id, 'acc_b')).toThrow(/another account asked it/);
  expect(() => queries.answers(id, 'acc_b', null, 50)).toThrow(/another account asked it/);
  expect(() => queries.remove(id, 'acc_b')).toThrow(/another account asked it/);
  expect(queries.list('acc_b')).toEqual([]);
  queries.remove(id, 'acc_a');
  expect(queries.list('acc_a')).toEqual([]);
});

it('ignores answers that nobody waits for: of another enrollment, of a device that was not asked, repeated or late', async () => {
  const { id } = ask();
  queries.asked(id, { device, generation: 3 });
  await queries.answer(id, { device, generation: 4 }, answerOf([ROW]));
  await queries.answer(id, { device: other, generation: 1 }, answerOf([ROW]));
  expect(queries.get(id, 'acc_a').counts).toEqual({ waiting: 2 });
  await queries.answer(id, { device, generation: 3 }, answerOf([], 'busy'));
  await queries.answer(id, { device, generation: 3 }, answerOf([ROW]));
  expect(queries.get(id, 'acc_a').counts).toEqual({ busy: 1, waiting: 1 });
  queries.asked(id, { device: other, generation: 1 });
  now += 30_000;
  await queries.answer(id, { device: other, generation: 1 }, answerOf([ROW]));
  expect(queries.get(id, 'acc_a').counts).toEqual({ busy: 1, 'no-answer': 1 });
  expect(queries.open(id)).toBeNull();
  now += KEPT;
  expect(() => queries.get(id, 'acc_a')).toThrow(/deleted its answers/);
});

it('refuses a malformed or oversized answer, and drops answers beyond the total size', async () => {
  const devices = Array.from({ length: 140 }, newDeviceId);
  const { id } = ask(devices);
  const large = Array.from({ length: 60 }, () => ['tcp', 'x'.repeat(1000), 1, null, null]);
  for (const [index, each] of devices.entries()) {
    queries.asked(id, { device: each, generation: 1 });
    const rows = index === 0 ? [['one cell']] : index === 1 ? [...large, ...large] : large;
    await queries.answer(id, { device: each, generation: 1 }, answerOf(rows));
  }
  const { counts } = queries.get(id, 'acc_a');
  expect(counts.failed).toBe(2);
  expect(counts.dropped).toBeGreaterThan(0);
  expect((counts.answered ?? 0) + (counts.dropped ?? 0)).toBe(138);
});

it('limits devices, running queries of one account and stored queries, and obeys the switched-off section', () => {
  expect(() => ask([])).toThrow(/No active device/);
  expect(() => ask(Array.from({ length: MOST_ASKED + 1 }, newDeviceId))).toThrow(/at most 1000 devices/);
  const first = ask();
  for (let index = 1; index < 5; index += 1) ask();
  expect(() => ask()).toThrow(/still running/);
  expect(ask([device], 'acc_b')).toMatchObject({ devices: 1 });
  now += 30_001;
  for (let index = 0; index < 64; index += 1) ask([device], `acc_${index}`);
  expect(() => queries.get(first.id, 'acc_a')).toThrow(/There is no such live query/);
  isOn = false;
  expect(() => ask()).toThrow(/switched live queries off/);
});
