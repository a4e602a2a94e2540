import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createListWatch } from './list-watch.ts';

const WITHIN = 4_000;
let state: { expired: boolean; connected: boolean };
let alerts: number;
let watch: ReturnType<typeof createListWatch>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  state = { expired: true, connected: false };
  alerts = 0;
  watch = createListWatch({
    expired: () => state.expired,
    connected: () => state.connected,
    alert: () => {
      alerts += 1;
    },
  });
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('case 35: a list that has expired', () => {
  it('raises no alert on a device without data from the server', () => {
    watch.check();
    vi.advanceTimersByTime(10 * WITHIN);
    watch.check();
    expect(alerts).toBe(0);
  });

  it('raises no alert while a newer list is on its way after a sleep', () => {
    state.connected = true;
    watch.check();
    vi.advanceTimersByTime(WITHIN - 1);
    state.expired = false;
    watch.check();
    vi.advanceTimersByTime(10 * WITHIN);
    expect(alerts).toBe(0);
  });

  it('raises an alert when a connection brings no newer list, unless it ends too early', () => {
    state.connected = true;
    watch.check();
    vi.advanceTimersByTime(WITHIN - 1);
    state.connected = false;
    watch.check();
    vi.advanceTimersByTime(10 * WITHIN);
    expect(alerts).toBe(0);
    state.connected = true;
    watch.check();
    vi.advanceTimersByTime(WITHIN);
    expect(alerts).toBe(1);
  });

  it('raises an alert when a poll brings no newer list, unless it is the first check', () => {
    watch.polled();
    expect(alerts).toBe(0);
    vi.advanceTimersByTime(15 * 60_000);
    watch.polled();
    expect(alerts).toBe(1);
  });
});
