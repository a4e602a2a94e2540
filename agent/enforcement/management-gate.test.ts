import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DenialView, GateView } from './gate-view.ts';
import { createManagementGate } from './management-gate.ts';

const denial: DenialView = {
  order: '2015-001',
  revision: 1,
  title: '',
  reasons: [],
  until: null,
  waiting: 'hold',
  appeal: '',
  statement: {},
  authoritative: null,
};
const open: GateView = { service: 'management', open: true, reasons: [], denials: [], since: 0 };
const shut: GateView = { ...open, open: false, denials: [denial] };

let gate: GateView;
let calls: string[];
let link: { state: string; attempt(): Promise<void>; suspend(why: string): void };
let management: ReturnType<typeof createManagementGate>;

beforeEach(() => {
  vi.useFakeTimers();
  gate = open;
  calls = [];
  link = {
    state: 'connected',
    async attempt() {
      calls.push('attempt');
    },
    suspend: (why) => calls.push(why),
  };
  management = createManagementGate({ gate: () => gate, link: () => link });
});
afterEach(() => {
  management.stop();
  vi.useRealTimers();
});

describe('the management gate of the device itself', () => {
  it('closes a connection that the server has not closed, after the time for receipts', () => {
    gate = shut;
    management.changed();
    vi.advanceTimersByTime(5_000);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(5_000);
    expect(calls).toEqual(['management is suspended by order 2015-001']);
  });

  it('closes no connection when the server has closed it or the order has ended', () => {
    gate = shut;
    management.changed();
    gate = open;
    management.changed();
    vi.advanceTimersByTime(60_000);
    gate = shut;
    management.changed();
    link.state = 'refused';
    management.changed();
    vi.advanceTimersByTime(60_000);
    expect(calls).toEqual([]);
  });

  it('connects at once, and only once, when its verdict allows it again', () => {
    link.state = 'refused';
    gate = shut;
    management.changed();
    expect(management.denial()).toMatch(/2015-001/);
    gate = open;
    management.changed();
    management.changed();
    expect(calls).toEqual(['attempt']);
    expect(management.denial()).toBeNull();
  });
});
