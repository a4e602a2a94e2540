import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LostMode } from '../../shared/lost-mode/lost-mode.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import { newDeviceId, newLostModeId } from '../../shared/protocol/ids.ts';
import { until } from '../../tests/support/until.ts';
import type { Reading } from '../evidence/sensors.ts';
import { openAgentStore } from '../store/agent-store.ts';
import { createLostModeWork } from './lost-mode.ts';

const HERE = { latitude: 33.684, longitude: 73.047, accuracy: 12 };
const device = newDeviceId();
const modeOf = (): LostMode => ({
  id: newLostModeId(),
  reason: 'Left in a train',
  contact: '+44 20 7946 0000',
  startedAt: 1_000,
  until: 9_000,
});

let store: ReturnType<typeof openAgentStore>;
let sent: DeviceFrame[];
let announced: LostMode[];
let now: number;
let connected: boolean;
let read: () => Promise<Reading>;
const failures: unknown[] = [];

beforeEach(() => {
  store = openAgentStore({ file: ':memory:' });
  [sent, announced, now, connected] = [[], [], 1_000, true];
  read = async () => ({ position: HERE, network: null });
});
afterEach(() => {
  store.close();
  expect(failures.splice(0)).toEqual([]);
});

function open() {
  const rows = store.device(device);
  rows.beginGeneration(1);
  const work = createLostModeWork({
    store: rows,
    sensors: () => read(),
    send: (frame) => {
      if (connected) sent.push(frame);
      return connected;
    },
    isConnected: () => connected,
    deviceNow: () => now,
    announce: (mode) => void announced.push(mode),
    onReport: () => undefined,
    onChange: () => undefined,
    onFailure: (error) => void failures.push(error),
  });
  return { rows, work, reports: () => rows.unconfirmed(0, 9).map(({ item }) => item) };
}

describe('lost mode on the device', () => {
  it('is announced before the first position is read, and sends one position until the next is due', async () => {
    const { work } = open();
    const mode = modeOf();
    let announcedAtReading = -1;
    read = async () => {
      announcedAtReading = announced.length;
      return { position: HERE, network: '410' };
    };
    work.receive({ kind: 'lost-mode', mode });
    work.receive({ kind: 'lost-mode', mode });
    await until(() => expect(sent).toEqual([{ kind: 'position', mode: mode.id, position: HERE }]));
    expect([announcedAtReading, announced]).toEqual([1, [mode]]);
    await work.maintain();
    work.welcomed();
    await work.maintain();
    expect(sent).toHaveLength(1);
  });

  it('continues after a restart, and reports that no sensor knows the position', async () => {
    const mode = modeOf();
    open().work.receive({ kind: 'lost-mode', mode });
    await until(() => expect(sent).toHaveLength(1));
    read = async () => ({ position: null, network: null });
    const { work, rows } = open();
    work.start();
    expect([work.current(), announced.length]).toEqual([mode, 2]);
    await work.maintain();
    expect(sent.at(-1)).toEqual({ kind: 'position', mode: mode.id, position: null });
    // The store has the texts of the mode, and no coordinates.
    expect(JSON.stringify([rows.lostMode(), rows.unconfirmed(0, 9)])).not.toContain('33.684');
  });

  it('sends no position while the device is not connected', async () => {
    const { work } = open();
    connected = false;
    work.receive({ kind: 'lost-mode', mode: modeOf() });
    await work.maintain();
    expect(sent).toEqual([]);
    connected = true;
    await work.maintain();
    expect(sent).toHaveLength(1);
  });

  it('reads the position of a mode that begins during a reading for the mode before', async () => {
    const { work } = open();
    const [first, second] = [modeOf(), modeOf()];
    const reading = Promise.withResolvers<Reading>();
    read = () => reading.promise;
    work.receive({ kind: 'lost-mode', mode: first });
    work.end();
    read = async () => ({ position: HERE, network: null });
    work.receive({ kind: 'lost-mode', mode: second });
    reading.resolve({ position: { ...HERE, accuracy: 99 }, network: null });
    await until(() => expect(sent).toEqual([{ kind: 'position', mode: second.id, position: HERE }]));
  });

  it('sends no position that was read when the user ended the mode', async () => {
    const { work, reports } = open();
    const mode = modeOf();
    const reading = Promise.withResolvers<Reading>();
    read = () => reading.promise;
    work.receive({ kind: 'lost-mode', mode });
    work.end();
    reading.resolve({ position: HERE, network: null });
    await work.maintain();
    expect([sent, work.current()]).toEqual([[], null]);
    expect(reports()).toEqual([{ type: 'lost-mode-ended', mode: mode.id, by: 'user', at: 1_000 }]);
    expect(() => work.end()).toThrow(/Lost mode is off/);
  });

  it('ends at its time, also without a connection and without a report', async () => {
    const { work, rows, reports } = open();
    connected = false;
    work.receive({ kind: 'lost-mode', mode: modeOf() });
    now = 9_000;
    expect(work.current()).toBeNull();
    await work.maintain();
    expect([rows.lostMode(), reports()]).toEqual([null, []]);
  });

  it('never begins an ended mode again, and tells the server', async () => {
    const { work, reports } = open();
    const mode = modeOf();
    connected = false;
    work.receive({ kind: 'lost-mode', mode });
    work.receive({ kind: 'lost-mode', mode: null });
    expect([work.current(), reports()]).toEqual([null, []]);
    connected = true;
    work.receive({ kind: 'lost-mode', mode });
    await work.maintain();
    expect([work.current(), sent]).toEqual([null, []]);
    expect(reports()).toEqual([{ type: 'lost-mode-ended', mode: mode.id, by: 'earlier', at: 1_000 }]);
    const next = modeOf();
    work.receive({ kind: 'lost-mode', mode: next });
    expect(work.current()).toEqual(next);
  });
});
