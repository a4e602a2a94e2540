/**
 * Check of times in an order's evidence pack: when the server made the pack, and when the order started and stopped being in effect. The
 * check uses the times of ledger entries, because the ledger proves the sequence of its entries.
 */

import { BRIEF_PAUSE } from '../order/adoption-state.ts';
import type { Instant } from '../time/clock.ts';
import { adoptionOf } from './check-approvals.ts';
import type { Findings } from './findings.ts';
import { ENTRIES, MANIFEST, type Manifest } from './format.ts';
import { type EffectChange, effectChangeOf } from './order-history.ts';
import type { LoggedEntry, PackRevision } from './pack-content.ts';

/** Milliseconds by which the clocks of two machines that run the server may differ. */
const TOLERANCE = 600_000;
/** Milliseconds within which a running server records that an order took effect or ended. */
const LAG = 30_000;
/**
 * Kinds of ledger entries that the server writes only while it runs normally. A running server also records each start and end of an order.
 * The ledger must therefore contain all starts and ends that precede an entry of these kinds.
 */
const WHILE_RUNNING: ReadonlySet<string> = new Set(['order.revision', 'order.approval', 'order.adopted']);

const iso = (at: Instant) => new Date(at).toISOString();

/**
 * Checks that the time in an evidence pack's manifest is not before the newest ledger entry. Nothing in an evidence pack proves that the
 * pack was not made after the time in the manifest.
 */
export function checkMadeAt(
  { madeAt }: Pick<Manifest, 'madeAt'>,
  entries: readonly LoggedEntry[],
  findings: Findings,
): void {
  const wrong = entries.flatMap(({ entry: { kind, public: said } }) =>
    kind === 'time.corrected' ? [{ from: Number(said['from']), until: Number(said['until']) }] : [],
  );
  const times = entries
    .map(({ index, entry: { at } }) => ({ index, at }))
    .filter(({ at }) => !wrong.some(({ from, until }) => from <= at && at <= until));
  const newest = times.reduce((last, each) => (each.at > last.at ? each : last), { index: -1, at: -Infinity });
  if (newest.index >= 0 && Date.parse(madeAt) + TOLERANCE < newest.at) {
    findings.failed(
      MANIFEST,
      `${MANIFEST} says that the pack was made at ${madeAt}. The pack has ledger entry ${newest.index} of ${iso(newest.at)}, so it was made later. The operator stated a wrong time.`,
    );
    return;
  }
  const earliest =
    newest.index >= 0 ? `not before ${iso(newest.at)}, the time of its newest ledger entry` : 'at any time';
  findings.unproven(
    `That the pack was made at ${madeAt}: this is the operator’s own statement. The pack was made ${earliest}. The pack does not prove that it was not made later. Compare with the time at which you received it.`,
  );
}

type Phase = 'in effect' | 'not in effect' | 'unknown';

interface Adopted {
  readonly each: PackRevision;
  readonly index: number;
  readonly at: Instant;
}

/**
 * Returns the starts and ends of an order that the ledger records. Adds a failure to the verification report (`findings`) if the ledger
 * lacks a start or end that the adopted revisions require.
 */
export function checkEffects(
  order: string,
  adopted: readonly PackRevision[],
  entries: readonly LoggedEntry[],
  madeAt: string,
  findings: Findings,
): EffectChange[] {
  const changes = entries.flatMap((entry) => {
    const change = effectChangeOf(order, entry);
    return change ? [{ ...change, index: entry.index }] : [];
  });
  const unsure = whyUnsure(entries);
  if (unsure !== null) {
    if (adopted.length > 0) {
      findings.unproven(
        `That the ledger has each start and end of the order’s effect: ${unsure}, so that times prove nothing.`,
      );
    }
    return changes;
  }
  const before = findings.failures;
  for (const [at, { state, index }] of changes.entries()) {
    const last = changes[at - 1]?.state ?? 'inactive';
    if (state !== last) continue;
    const lacks = state === 'active' ? 'that the effect ended in between' : 'that the order had taken effect before';
    findings.failed(
      ENTRIES,
      `${ENTRIES}: entry ${index} records that the order ${WORDS[state]}, and the pack has no entry ${lacks}. The operator left it out.`,
    );
  }
  const life = adopted.flatMap((each): Adopted[] => {
    const adoption = adoptionOf(each, entries);
    return adoption ? [{ each, index: adoption.index, at: adoption.entry.at }] : [];
  });
  const runningAt = entries
    .filter(({ entry }) => WHILE_RUNNING.has(entry.kind))
    .map(({ index, entry }) => ({ index, at: entry.at, what: `entry ${index} was made` }));
  runningAt.push({ index: Infinity, at: Date.parse(madeAt), what: 'this pack was made' });
  const missed = new Set<string>();
  for (const { index, at, what } of runningAt) {
    const then = life.filter((each) => each.index < index);
    const phase = steadyPhase(then, at);
    const last = changes.findLast((change) => change.index < index);
    const state = last?.state ?? 'inactive';
    if (phase === 'unknown' || (phase === 'in effect') === (state === 'active')) continue;
    const missing = phase === 'in effect' ? 'active' : 'inactive';
    const key = `${missing} ${last?.index}`;
    if (missed.has(key)) continue;
    missed.add(key);
    const { number } = then.at(-1)?.each ?? { number: 0 };
    findings.failed(
      ENTRIES,
      `${ENTRIES}: the pack lacks the entry that the order ${WORDS[missing]}. By revision ${number}, the order was ${phase} when ${what} (${iso(at)}). A running server records each start and end of the effect. The operator left the entry out.`,
    );
  }
  if (findings.failures === before && life.length > 0) {
    findings.proven(
      'The ledger has each start and end of the order’s effect that its revisions require at all times at which the server provably ran.',
    );
    if (steadyPhase(life, Date.parse(madeAt)) === 'unknown') {
      findings.unproven(
        'Whether the order was in effect when this pack was made. A change was less than 30 seconds old, or a pause has lasted longer than 72 hours. Such a pause has ended only if one person alone approved it.',
      );
    }
  }
  return changes;
}

const WORDS = { active: 'took effect', inactive: 'was no longer in effect' } as const;

/**
 * Returns the reason why the times of the ledger entries are unreliable, such as a corrected server clock; null if they are reliable. With
 * unreliable times, the verifier cannot decide which starts and ends of an order the ledger must contain.
 */
function whyUnsure(entries: readonly LoggedEntry[]): string | null {
  if (entries.some(({ entry }) => entry.kind === 'server.restored')) return 'the server was restored from a backup';
  if (entries.some(({ entry }) => entry.kind === 'time.corrected')) return 'the server’s clock was wrong and corrected';
  let last = -Infinity;
  for (const { entry } of entries) {
    if (entry.at + TOLERANCE < last) return 'the times of its entries run backward';
    last = Math.max(last, entry.at);
  }
  return null;
}

/**
 * Returns whether an order was in effect at the time `at`. `then` has the order's revisions that were adopted before that time, oldest
 * first. The result is `unknown` for 30 seconds (`LAG`) after a change, because the server may not have recorded the change yet.
 */
function steadyPhase(then: readonly Adopted[], at: Instant): Phase {
  const since = at - LAG;
  const newest = then.at(-1);
  if (!newest) return 'not in effect';
  const changes = [newest.at, ...boundariesOf(newest.each)];
  if (changes.some((each) => since < each && each <= at)) return 'unknown';
  return phaseAt(newest.each, at);
}

function boundariesOf({ revision: { terms, pausedSince } }: PackRevision): Instant[] {
  const { effective, until } = terms;
  return [
    ...[effective, until, pausedSince].flatMap((each) => (each === null ? [] : [Date.parse(each)])),
    ...(pausedSince === null ? [] : [Date.parse(pausedSince) + BRIEF_PAUSE]),
  ];
}

/**
 * Returns whether an order is in effect at a time, according to one revision. A pause ends after 72 hours if only one approver signed it.
 * This function does not count the approvers, so the result for a longer pause is `unknown`.
 */
function phaseAt(each: PackRevision, at: Instant): Phase {
  const { status, pausedSince, terms } = each.revision;
  if (status === 'withdrawn' || at < Date.parse(terms.effective)) return 'not in effect';
  if (terms.until !== null && at >= Date.parse(terms.until)) return 'not in effect';
  if (status === 'active') return 'in effect';
  return pausedSince !== null && at < Date.parse(pausedSince) + BRIEF_PAUSE ? 'not in effect' : 'unknown';
}
