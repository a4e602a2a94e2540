/**
 * Limits of entries about refused requests and about reads, so that repeated requests cannot fill the disk. The first refusals of a source
 * are separate entries. Further refusals with the same action, code and source in one window share an entry with their number. Beyond the
 * limit of different sources without a sign-in, all other refusals of an action share one entry without a source.
 *
 * The counts are in memory. If the server is killed, the counts of the current window are lost; the first entries are not.
 */
import type { NewActivity } from './ports.ts';

const MINUTE = 60_000;
export const REFUSAL_WINDOW = 10 * MINUTE;
/** Number of separate entries of one source and action in one window. */
const SEPARATE = 5;
/** Number of different sources without a sign-in that have entries of their own in one window. */
const SOURCES = 50;
const READ_WINDOW = 60 * MINUTE;
const READS_REMEMBERED = 5_000;

interface Counted {
  readonly first: NewActivity;
  count: number;
  last: number;
}

export function createRefusalLimits() {
  let windowEnds = 0;
  let separate = new Map<string, number>();
  let strangers = 0;
  let counted = new Map<string, Counted>();

  const sourceOf = ({ actor, credential, address, action }: NewActivity) =>
    JSON.stringify([actor.id, credential, actor.id === null ? address : null, action]);

  /** Entries with the counts of the window that has ended. */
  function take(now: number): NewActivity[] {
    if (now < windowEnds) return [];
    const entries = [...counted.values()].map(({ first, count, last }) => ({ ...first, count, until: last }));
    windowEnds = now + REFUSAL_WINDOW;
    separate = new Map();
    strangers = 0;
    counted = new Map();
    return entries;
  }

  return {
    take,
    /** Returns the counts of the current window when the server stops. */
    drain(): NewActivity[] {
      windowEnds = 0;
      return take(0);
    },
    /** Returns true if the refusal gets its own entry. Otherwise increases the count of similar refusals. */
    admit(refusal: NewActivity): boolean {
      const source = sourceOf(refusal);
      const before = separate.get(source);
      const isStranger = refusal.actor.id === null;
      const known = before !== undefined || !isStranger || strangers < SOURCES;
      if (known && (before ?? 0) < SEPARATE) {
        if (before === undefined && isStranger) strangers += 1;
        separate.set(source, (before ?? 0) + 1);
        return true;
      }
      const key = JSON.stringify([known ? source : null, refusal.action, refusal.outcome]);
      const one = counted.get(key);
      if (one) {
        one.count += 1;
        one.last = refusal.at;
        return false;
      }
      const nobody = {
        actor: { kind: 'unknown', id: null },
        via: null,
        credential: null,
        address: null,
        agent: null,
      } as const;
      const first: NewActivity = { ...refusal, targets: known ? refusal.targets : [], ...(known ? {} : nobody) };
      counted.set(key, { first, count: 1, last: refusal.at });
      return false;
    },
  };
}

/** Remembers reads, so that repeated reads of the same data by the same credential give one entry per hour. */
export function createReadMemory(window = READ_WINDOW) {
  const seen = new Map<string, number>();
  return {
    /** Returns true for the first read in the window. */
    isFirst({ actor, credential, action, targets, at }: NewActivity): boolean {
      const key = JSON.stringify([actor.id, credential, action, targets.map(({ id }) => id)]);
      const last = seen.get(key);
      if (last !== undefined && at >= last && at - last < window) return false;
      seen.delete(key);
      seen.set(key, at);
      if (seen.size > READS_REMEMBERED) {
        const [oldest] = seen.keys();
        if (oldest !== undefined) seen.delete(oldest);
      }
      return true;
    },
  };
}
