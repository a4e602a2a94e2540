/**
 * Activity log: who did what, when, from where, with which outcome (ADR 63). An entry contains identifiers only, never texts or secrets. The
 * server records a change before it begins, and its outcome afterward. Sealed batches of entries have a commitment in the ledger.
 */
import { type ActivityEntry, FIRST_PREVIOUS, OUTCOME_OK } from '../../shared/activity/activity-entry.ts';
import { activityLeaf, activityRoot, batchHash } from '../../shared/activity/activity-hash.ts';
import type { ActivityKind } from '../../shared/activity/activity-kinds.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type {
  ActivityFilter,
  ActivityNames,
  ActivityStore,
  ListedActivity,
  NewActivity,
  Readable,
  Sealing,
  Source,
  Target,
} from './ports.ts';
import { createReadMemory, createRefusalLimits } from './refusal-limits.ts';
import { createActivityExport } from './sealed-export.ts';

export type { ActivityFilter, ListedActivity, Readable, Source, Target } from './ports.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** Maximum time between an entry and its commitment in the ledger. Until then, nothing proves the entry. */
const SEAL_EVERY = 5 * MINUTE;
/** Number of unsealed entries that seals a batch at once, and the maximum size of a batch. */
const BATCH = 1_000;
/** A request that has no outcome after this time has been lost. */
const UNFINISHED_AFTER = 60 * MINUTE;
const TARGETS_SHOWN = 20;
/** Maximum number of entries in a filtered export. */
export const EXPORT_LIMIT = 200_000;
const EXPORT_PAGE = 500;

/** Facts about one request that is being recorded. */
export interface Recorded extends Source {
  readonly kind: ActivityKind;
  /** Account that acts; null before a sign-in. */
  readonly account: string | null;
  readonly action: string;
}

export interface BegunAction {
  /** Records the outcome. `outcome`: `ok` or the code of the error. `further`: targets that the action did not have when it began. */
  end(outcome: string, further: readonly Target[]): Promise<void>;
}

export type Activity = ReturnType<typeof createActivity>;

export function createActivity(ports: {
  readonly store: ActivityStore;
  readonly installation: string;
  readonly clock: Clock;
  /** Retention period in days. */
  readonly days: number;
  readonly log: { error(fields: object, message: string): void };
  readonly sealEvery?: number;
}) {
  const { store, clock, log } = ports;
  const limits = createRefusalLimits();
  const reads = createReadMemory();
  const tokenUses = createReadMemory(DAY);
  let unsealed = 0;
  let timer: NodeJS.Timeout | null = null;
  let sealing: Promise<void> = Promise.resolve();

  const entryOf = (
    { account, ...rest }: Recorded,
    outcome: string | null,
    targets: readonly Target[],
  ): NewActivity => ({
    ...rest,
    at: clock.now(),
    actor: account === null ? { kind: 'unknown', id: null } : { kind: 'admin', id: account },
    outcome,
    targets,
  });

  async function add(entry: NewActivity): Promise<number> {
    const id = await store.add(entry);
    unsealed += 1;
    if (unsealed >= BATCH) void seal();
    return id;
  }

  /** Records the numbers of refusals in the last window. If this fails, only these numbers are lost, and the request must not fail. */
  async function recordCounts(entries: readonly NewActivity[]): Promise<void> {
    for (const entry of entries) await add(entry);
  }

  async function recordRefusal(entry: NewActivity): Promise<void> {
    await recordCounts(limits.take(entry.at));
    if (limits.admit(entry)) await add(entry);
  }

  function seal(): Promise<void> {
    sealing = sealing.then(sealAll).catch((error: unknown) => {
      log.error({ err: error }, 'the activity log could not be sealed; the next run tries again');
    });
    return sealing;
  }

  async function sealAll(): Promise<void> {
    await recordCounts(limits.take(clock.now()));
    await store.endUnfinished(clock.now() - UNFINISHED_AFTER);
    unsealed = 0;
    const at = clock.now();
    while ((await store.seal(BATCH, (entries, newest) => sealingOf(entries, newest, at))) === BATCH);
  }

  return {
    days: ports.days,

    /** Records the start of a change. Resolves when the entry is stored durably. */
    async begin(request: Recorded, targets: readonly Target[]): Promise<BegunAction> {
      const id = await add(entryOf(request, null, targets));
      return {
        async end(outcome, further) {
          const refusal = entryOf(request, outcome, [...targets, ...further]);
          const counts = limits.take(refusal.at);
          if (outcome !== OUTCOME_OK && !limits.admit(refusal)) await store.withdraw(id);
          else await store.finish(id, outcome, further);
          await recordCounts(counts);
        },
      };
    },

    /** Records a finished action, such as a sign-in or a refused request. Limits the number of entries about refusals. */
    async record(request: Recorded, outcome: string, targets: readonly Target[]): Promise<void> {
      const entry = entryOf(request, outcome, targets);
      if (outcome === OUTCOME_OK) await add(entry);
      else await recordRefusal(entry);
    },

    /** Records a read of personal data, once per hour for the same data and credential. */
    async recordRead(request: Recorded, targets: readonly Target[]): Promise<void> {
      const entry = entryOf(request, OUTCOME_OK, targets);
      if (reads.isFirst(entry)) await add(entry);
    },

    /** Records the use of an API token, once per day for each network address. */
    async recordTokenUse(request: Omit<Recorded, 'kind' | 'action'>): Promise<void> {
      const entry = entryOf({ ...request, kind: 'sign-in', action: 'tokens.use' }, OUTCOME_OK, []);
      if (tokenUses.isFirst({ ...entry, action: `${entry.action} ${entry.address ?? ''}` })) await add(entry);
    },

    /** Returns a page of entries, newest first. */
    async list(
      filter: ActivityFilter,
      {
        readable,
        cursor,
        limit,
      }: { readonly readable: Readable; readonly cursor: number | null; readonly limit: number },
    ): Promise<{
      readonly entries: readonly ListedActivity[];
      readonly next: number | null;
      readonly names: ActivityNames;
    }> {
      const listed = await store.list(filter, { readable, before: cursor, limit: limit + 1, targets: TARGETS_SHOWN });
      const entries = listed.slice(0, limit);
      const names = await store.names(idsOf(entries), readable);
      return { entries, names, next: listed.length > limit ? (entries.at(-1)?.id ?? null) : null };
    },

    /** Pages of all matching entries, newest first. Throws `too_large` before the first page if there are too many. */
    async pages(filter: ActivityFilter, readable: Readable) {
      if ((await store.count(filter, readable, EXPORT_LIMIT + 1)) > EXPORT_LIMIT) {
        throw new CordonError(
          'too_large',
          `More than ${EXPORT_LIMIT} entries match. Choose a shorter time range, and export several files.`,
          { limit: EXPORT_LIMIT },
        );
      }
      return async function* pages() {
        for (let before: number | null = null; ; ) {
          const page: ListedActivity[] = await store.list(filter, {
            readable,
            before,
            limit: EXPORT_PAGE,
            targets: TARGETS_SHOWN,
          });
          if (page.length > 0) yield { entries: page, names: await store.names(idsOf(page), readable) };
          if (page.length < EXPORT_PAGE) return;
          before = page.at(-1)?.id ?? null;
        }
      };
    },

    /** Writes the lines of a sealed export (`shared/activity/verify-export.ts`). */
    sealedExport: createActivityExport(ports),

    /** Seals all finished entries now. */
    seal,

    async start(): Promise<void> {
      // Only one server process uses the store. At its start, an action without an outcome therefore belongs to a process that has ended.
      await store.endUnfinished(Number.MAX_SAFE_INTEGER);
      timer = setInterval(() => void seal(), ports.sealEvery ?? SEAL_EVERY);
      timer.unref();
    },
    async stop(): Promise<void> {
      if (timer) clearInterval(timer);
      timer = null;
      await sealing;
      await recordCounts(limits.drain());
    },
  };
}

function idsOf(entries: readonly ListedActivity[]): string[] {
  return [
    ...new Set(
      entries.flatMap(({ actor, targets }) => [
        ...(actor.id === null ? [] : [actor.id]),
        ...targets.map(({ id }) => id),
      ]),
    ),
  ];
}

function sealingOf(
  entries: readonly ActivityEntry[],
  newest: { readonly number: number; readonly hash: string } | null,
  at: number,
): Sealing {
  const times = entries.map((entry) => entry.at);
  const batch = {
    number: (newest?.number ?? 0) + 1,
    size: entries.length,
    from: Math.min(...times),
    to: Math.max(...times),
    root: activityRoot(entries.map(activityLeaf)).toString('hex'),
    previous: newest?.hash ?? FIRST_PREVIOUS,
    sealedAt: at,
  };
  const hash = batchHash(batch);
  return { batch, hash, entry: { kind: 'activity.sealed', at, subject: hash, public: { batch: batch.number } } };
}
