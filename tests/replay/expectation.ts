/** Comparison of a timeline's expectation with the server's verdict and the device's own gate. It computes no verdict of its own. */
import { verdictView } from '../../shared/api/devices.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';
import type { Caller } from '../support/people.ts';
import type { DeviceState, Received } from './simulated-fleet.ts';
import type { Expectation } from './timeline.ts';

/** One service of one device, from one side. */
export interface Seen {
  readonly service: string;
  readonly allowed: boolean;
  /** Numbers of the denying orders. */
  readonly orders: readonly string[];
  readonly reasons: readonly string[];
}

export interface Unmet {
  readonly device: string;
  /** Position within its label, from 1. */
  readonly which: number;
  readonly see: 'server' | 'device';
  readonly service: string;
  readonly expected: string;
  readonly got: string;
  readonly orders: readonly string[];
  readonly reasons: readonly string[];
}

const ASK_AT_ONCE = 8;

export function seenByDevice({ gates }: DeviceState): Seen[] {
  return gates.map(({ service, open, reasons, orders }) => ({ service, allowed: open, reasons, orders }));
}

export async function seenByServer(api: Caller, device: string): Promise<Seen[]> {
  const { services } = await api.call('GET', `/devices/${device}/verdict`, verdictView);
  return SERVICES.map((service) => {
    const { allowed, denials, reasons } = services[service];
    return { service, allowed, reasons, orders: denials.map(({ order }) => order) };
  });
}

/** First difference of one side from the expectation; `order` is the server's number of the expected order. */
export function compare(
  expectation: Expectation,
  order: string | null,
  seen: readonly Seen[],
): Omit<Unmet, 'device' | 'which' | 'see'> | null {
  const expected = Object.entries(expectation.services);
  const anyDenied = expected.some(([, state]) => state === 'denied');
  const found = (service: string) => seen.find((one) => one.service === service);
  for (const [service, state] of expected) {
    const one = found(service);
    const { orders, reasons }: Pick<Seen, 'orders' | 'reasons'> = one ?? { orders: [], reasons: [] };
    const got = one?.allowed ? 'allowed' : 'denied';
    const unmet = (what: string) => ({ service, expected: what, got, orders, reasons });
    if (got !== state) return unmet(state);
    if (state === 'denied' && order !== null && !orders.includes(order))
      return unmet(`denied by ${expectation.order} (${order})`);
    const { because } = expectation;
    if (state === 'denied' && because !== undefined && !reasons.includes(because))
      return unmet(`denied because ${because}`);
  }
  // Without a denial, the reason may be that of any service: a service that no order names has the reason `no_order`.
  const { because } = expectation;
  if (because === undefined || anyDenied) return null;
  const all = expected.flatMap(([service]) => found(service)?.reasons ?? []);
  if (all.includes(because)) return null;
  return {
    service: expected.map(([service]) => service).join(', '),
    expected: `allowed because ${because}`,
    got: 'allowed',
    orders: [],
    reasons: all,
  };
}

/** Difference between received and expected messages; null: none. The order between different senders does not matter. */
export function inboxAmiss(
  texts: readonly string[],
  got: readonly Received[],
  senderOf: (text: string) => string,
): string | null {
  for (const text of new Set([...texts, ...got.map((one) => one.text)])) {
    const times = got.filter((one) => one.text === text).length;
    const wanted = texts.includes(text) ? 1 : 0;
    if (times !== wanted) return `has "${text}" ${times} times, not ${wanted}`;
  }
  const stranger = got.find(({ from, text }) => from !== senderOf(text));
  if (stranger) return `has "${stranger.text}" from ${stranger.from}, not ${senderOf(stranger.text)}`;
  for (const sender of new Set(texts.map(senderOf))) {
    const came = got.flatMap(({ from, text }) => (from === sender ? [text] : []));
    const wanted = texts.filter((text) => senderOf(text) === sender);
    const at = came.findIndex((text, index) => text !== wanted[index]);
    if (at >= 0) return `has "${came[at]}" from ${sender} where "${wanted[at]}" should be`;
  }
  return null;
}

/** Checks every device of the label. Returns all differences, those of the first device first. */
export async function check(
  expectation: Expectation,
  order: string | null,
  states: readonly DeviceState[],
  api: Caller,
): Promise<Unmet[]> {
  const unmet: Unmet[] = [];
  const note = (state: DeviceState, see: Unmet['see'], seen: readonly Seen[]) => {
    const difference = compare(expectation, order, seen);
    if (difference) unmet.push({ device: state.device, which: state.index + 1, see, ...difference });
  };
  if (expectation.see !== 'server') for (const state of states) note(state, 'device', seenByDevice(state));
  if (expectation.see !== 'device') {
    const waiting = [...states];
    const worker = async () => {
      for (let state = waiting.shift(); state; state = waiting.shift())
        note(state, 'server', await seenByServer(api, state.device));
    };
    await Promise.all(Array.from({ length: ASK_AT_ONCE }, worker));
  }
  return unmet.sort((a, b) => a.which - b.which);
}
