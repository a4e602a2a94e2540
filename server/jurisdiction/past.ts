/**
 * Where a device was at a past instant, and to what it belonged, from what is kept. The same fold as ever, over the observations that were made by then;
 * one that reached the server only later is in it, since the device knew it then, and is said to have come later.
 *
 * Evidence that says the same again is kept every few hours, so that the end of a source may be told some hours too early while it
 * went on saying the same; places, certainty and arrivals are as they were.
 */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, observeAll } from '../../shared/verdict/locate.ts';
import type { LocationState } from '../../shared/verdict/terms.ts';
import type { Evidence, KeptEvidence, Located, LocationStore } from './ports.ts';

const DAY = 86_400_000;
/** Unless `CORDON_EVIDENCE_DAYS` says otherwise: how many days back a device is explained. */
export const EVIDENCE_DAYS = 400;
/** Evidence is kept so many days longer: the first of the days that can be asked for are worked out from it. */
export const BEFOREHAND_DAYS = 32;
/** Most that is folded for one question: a device that says something else every minute has made it in four days. */
const MOST = 5000;

export interface PastPlace {
  readonly at: Instant;
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: AreaCode | null;
  /** Whose word the home was. */
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: AreaCode | null;
  /** Folded up to `at`. */
  readonly location: LocationState;
  /** What had been observed by then, the newest first. */
  readonly evidence: readonly Located<KeptEvidence>[];
  /** What was observed before this is not kept any more: an arrival may have been earlier. Null: all that there was is kept. */
  readonly evidenceFrom: Instant | null;
}

/** Throws `beyond_retention`, `invalid_input` for a time that has not come, and `not_found` for one before the device was enrolled. */
export async function pastPlace(
  store: Pick<LocationStore, 'belonging' | 'evidenceUntil' | 'facts' | 'heldSince' | 'databasesOf'>,
  device: DeviceId,
  { at, now, days }: { readonly at: Instant; readonly now: Instant; readonly days: number },
): Promise<PastPlace> {
  if (at > now) {
    throw new CordonError('invalid_input', 'That time has not come yet: ask for one that is past.', { field: 'at' });
  }
  const usual = now - days * DAY;
  // While a legal hold stands nothing is removed: what was kept when it was placed is there.
  const held = at < usual ? await store.heldSince(device) : null;
  const since = held === null ? usual : held - days * DAY;
  if (at < since) {
    const detail = `Evidence is kept for explanations of ${days} days: ask for a time after ${new Date(since).toISOString()}.`;
    throw new CordonError('beyond_retention', detail, { since });
  }
  const belonging = await store.belonging(device, at);
  if (!belonging) throw new CordonError('not_found', 'The device was not enrolled yet at that time.', { device, at });
  const { known, ...belonged } = belonging;
  const kept = await store.evidenceUntil(device, at, MOST);
  // The newest word of each source stands in the location; of it a sample alone may be kept.
  const { sightings } = (await store.facts([device])).get(device)?.location ?? emptyLocation();
  const newest = Object.values(sightings).filter((sighting) => sighting.at <= at);
  const oldest = kept.at(-1)?.observation.at ?? at;
  const whole = kept.length < MOST && known > since - BEFOREHAND_DAYS * DAY;
  return {
    at,
    ...belonged,
    location: observeAll(emptyLocation(), [
      ...kept.map(({ observation }) => observation).reverse(),
      ...newest.map(({ first: _first, count: _count, ...observation }) => observation),
    ]),
    evidence: await withDatabases(store, kept),
    evidenceFrom: whole ? null : oldest,
  };
}

/** Each with the IP database by which it was located. */
export async function withDatabases<E extends Evidence>(
  store: Pick<LocationStore, 'databasesOf'>,
  evidence: readonly E[],
): Promise<Located<E>[]> {
  const uses = new Set(evidence.map(({ use }) => use).filter((use) => use !== undefined));
  const databases = await store.databasesOf([...uses]);
  return evidence.map((one) => ({
    ...one,
    database: one.use === undefined ? null : (databases.get(one.use) ?? null),
  }));
}
