/**
 * Budgets that Cordon misses. Each entry has a bound for the figure, a date and a reason. `npm run bench` exits 1 if a budget is missed
 * without an entry, or by more than the entry allows. Remove an entry when Cordon meets its budget again.
 */
import type { Bench, Result } from './measure.ts';

export interface AcceptedMiss {
  /** Worst accepted figure, in the unit of the budget: a ratio to the floor, or an absolute value if there is no floor. */
  readonly bound: number;
  /** Date of the entry in ISO 8601. */
  readonly since: string;
  readonly reason: string;
}

export const ACCEPTED_MISSES: Readonly<Record<string, AcceptedMiss>> = {
  'connect-full': {
    bound: 0.58,
    since: '2026-11-28',
    reason:
      'The first frames, the session and its two commits cost a third of a handshake. SQLite does not sync these commits (server/adr/0048-commits-about-connections-are-not-synced.md).',
  },
  'connect-resumed': {
    bound: 0.55,
    since: '2026-11-28',
    reason: 'A resumed handshake is cheap, so the same fixed cost of the session weighs more than in connect-full.',
  },
  'check-in': {
    bound: 0.28,
    since: '2026-11-28',
    reason: 'The floor echoes without a write. `check-in-durable` compares with a floor that commits a row.',
  },
  'check-in-durable': {
    bound: 0.35,
    since: '2026-11-29',
    reason:
      'A check-in takes about 70 µs, and the floor takes 30 µs. The difference is the frame, the location, the mark of the report, and the code between them.',
  },
  'fan-out': {
    bound: 2.4,
    since: '2026-11-29',
    reason:
      'The activity log has a row with three indexes per device of a job (4 µs), and the roster a short row (1.5 µs). Ids and unlock shares take 1 µs, and the request with its list of devices 2 µs (server/adr/0046-a-broadcast-is-one-job.md).',
  },
  'devices-overview': {
    bound: 14,
    since: '2026-11-29',
    reason:
      'The store looks up the connection of each device with a known location, and reads all rows of device_presence for silent and outdated devices.',
  },
  'order-exit': {
    bound: 1_800,
    since: '2026-11-29',
    reason: 'The server reads and parses the location of each blocked device, which takes most of the time.',
  },
  'order-progress': {
    bound: 150,
    since: '2026-11-29',
    reason: 'Each device has up to seven receipts about an order, and the store reads and groups all of them.',
  },
  'order-force': {
    bound: 3.3,
    since: '2026-11-29',
    reason:
      'The server parses, stores and verifies up to three receipts of each device, and the floor none. The commits and the writes to sockets take a third of the time.',
  },
  'order-withdraw': {
    bound: 3.3,
    since: '2026-11-29',
    reason: 'The same work for each device as in order-force.',
  },
  'enrollment-kept-alive': {
    bound: 0.16,
    since: '2026-11-28',
    reason:
      'The floor only verifies and signs, in 115 µs. Cordon also signs a device record (40 µs), responds over TLS and HTTP (100 µs), and writes eleven database pages (105 µs).',
  },
  'enrollment-new': {
    bound: 0.55,
    since: '2026-11-28',
    reason:
      'The same fixed cost per enrollment as in enrollment-kept-alive, beside one handshake. The limits of the public listener and its request for a client certificate add 50 µs.',
  },
  'agent-memory': {
    bound: 1.9,
    since: '2026-11-29',
    reason:
      'An idle agent has 24 MiB of JavaScript heap, of which 9 MiB are strings, mainly source texts. The largest packages are zod and ts-mls.',
  },
  messages: {
    bound: 0.38,
    since: '2026-11-28',
    reason: 'Statements and commits take a quarter of the cost of a message (server/adr/0017-mailboxes.md).',
  },
  'messages-durable': {
    bound: 0.43,
    since: '2026-11-29',
    reason:
      'A message writes its body, its result, an entry in the mailbox and two mailboxes, and later deletes two rows. The floor writes one row.',
  },
  'memory-idle': {
    bound: 0.95,
    since: '2026-11-29',
    reason:
      'OpenSSL and Node need 39 KiB for each connection, of which 7 KiB are the post-quantum key share (server/adr/0049-memory-of-an-idle-connection.md).',
  },
};

export type Outcome = 'holds' | 'accepted' | 'missed';

/** Outcome of one result. `better`: direction of better figures. `accepted`: the entry for this benchmark, if one exists. */
export function outcomeOf(
  { holds, ratio, value }: Pick<Result, 'holds' | 'ratio' | 'value'>,
  better: Bench['better'],
  accepted: AcceptedMiss | undefined,
): Outcome {
  if (holds) return 'holds';
  if (accepted === undefined) return 'missed';
  const figure = ratio ?? value;
  const within = better === 'more' ? figure >= accepted.bound : figure <= accepted.bound;
  return within ? 'accepted' : 'missed';
}
