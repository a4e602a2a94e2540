import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createListWatch } from './list-watch.ts';

const WITHIN = 4_000;
let state: { expired: boolean; connected: boolean };
let alarms: number;
let watch: ReturnType<typeof createListWatch>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  state = { expired: true, connected: false };
  alarms = 0;
  watch = createListWatch({
    expired: () => state.expired,
    connected: () => state.connected,
    alarm: () => {
      alarms += 1;
    },
  });
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('case 35: a list that has expired', () => {
  it('is no alarm on a device that has not heard from the server', () => {
    watch.look();
    vi.advanceTimersByTime(10 * WITHIN);
    watch.look();
    expect(alarms).toBe(0);
  });

  it('is none while a fresh one is on its way after a sleep', () => {
    state.connected = true;
    watch.look();
    vi.advanceTimersByTime(WITHIN - 1);
    state.expired = false;
    watch.look();
    vi.advanceTimersByTime(10 * WITHIN);
    expect(alarms).toBe(0);
  });

  it('is one when the connection has brought none, and none when it ended before it could', () => {
    state.connected = true;
    watch.look();
    vi.advanceTimersByTime(WITHIN - 1);
    state.connected = false;
    watch.look();
    vi.advanceTimersByTime(10 * WITHIN);
    expect(alarms).toBe(0);
    state.connected = true;
    watch.look();
    vi.advanceTimersByTime(WITHIN);
    expect(alarms).toBe(1);
  });

  it('is one when a poll brings none, unless it was the first look', () => {
    watch.polled();
    expect(alarms).toBe(0);
    vi.advanceTimersByTime(15 * 60_000);
    watch.polled();
    expect(alarms).toBe(1);
  });
});
