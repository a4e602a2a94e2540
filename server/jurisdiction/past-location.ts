/**
 * Location, group, home area and legal seat of a device at a past time. Only evidence observed up to that time counts, including evidence
 * that reached the server later, because the device already had this evidence.
 *
 * Unchanged evidence is stored only every few hours. The result may therefore show an expiry of evidence some hours too early. Areas,
 * certainty and times of arrival are exact.
 */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, observeAll } from '../../shared/verdict/locate.ts';
import type { LocationState } from '../../shared/verdict/terms.ts';
import { locationStateOf } from './location-state.ts';
import type { Evidence, FactsStore, PastStore, StoredEvidence, WithDatabase } from './ports.ts';

const DAY = 86_400_000;
/** Default of `CORDON_EVIDENCE_DAYS`: days for which past verdicts can be explained. */
export const EVIDENCE_DAYS = 400;
/** Additional days of stored evidence, because the location on the first explainable day depends on earlier evidence. */
export const BEFOREHAND_DAYS = 32;
/** Maximum number of observations in one explanation: about four days of a device that moves every minute. */
const MOST = 5000;

export interface PastLocation {
  readonly at: Instant;
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: HomeArea | null;
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: HomeArea | null;
  readonly location: LocationState;
  readonly evidence: readonly WithDatabase<StoredEvidence>[];
  /**
   * Time of the oldest observation in `evidence`, if older observations were omitted or may have been deleted; otherwise null. If it is not
   * null, the device may have arrived in its areas earlier than the evidence shows.
   */
  readonly evidenceFrom: Instant | null;
}

/**
 * Location of a device at a past time. Throws `beyond_retention` for a time whose evidence was deleted, `invalid_input` for a future time,
 * and `not_found` for a time before the device's enrollment.
 */
export async function pastLocation(
  store: FactsStore,
  past: PastStore,
  device: DeviceId,
  { at, now, days }: { readonly at: Instant; readonly now: Instant; readonly days: number },
): Promise<PastLocation> {
  if (at > now) {
    throw new CordonError('invalid_input', 'The time is in the future. Choose a past time.', { field: 'at' });
  }
  const withoutHold = now - days * DAY;
  // A legal hold stops the deletion of evidence, so all evidence since its start still exists.
  const holdPlaced = at < withoutHold ? await past.legalHoldSince(device) : null;
  const since = holdPlaced === null ? withoutHold : holdPlaced - days * DAY;
  if (at < since) {
    const detail = `Evidence is stored for explanations of the last ${days} days. Choose a time after ${new Date(since).toISOString()}.`;
    throw new CordonError('beyond_retention', detail, { since });
  }
  const pastAssignment = await past.pastAssignment(device, at);
  if (!pastAssignment)
    throw new CordonError('not_found', 'The device was not enrolled at that time. Choose a later time.', {
      device,
      at,
    });
  const { known, ...assignment } = pastAssignment;
  const stored = await past.evidenceUntil(device, at, MOST);
  // Add the newest observation of each source from the stored location, because the samples in the stored evidence may lack it.
  const { sightings } = await locationStateOf(store, device);
  const newest = Object.values(sightings).filter((sighting) => sighting.at <= at);
  const oldest = stored.at(-1)?.observation.at ?? at;
  const whole = stored.length < MOST && known > since - BEFOREHAND_DAYS * DAY;
  return {
    at,
    ...assignment,
    location: observeAll(emptyLocation(), [
      ...stored.map(({ observation }) => observation).reverse(),
      ...newest.map(({ first: _first, count: _count, ...observation }) => observation),
    ]),
    evidence: await withDatabases(past, stored),
    evidenceFrom: whole ? null : oldest,
  };
}

/** Adds to each address observation the IP database that located the address. */
export async function withDatabases<E extends Evidence>(
  store: Pick<PastStore, 'databasesOf'>,
  evidence: readonly E[],
): Promise<WithDatabase<E>[]> {
  const uses = new Set(evidence.map(({ use }) => use).filter((use) => use !== undefined));
  const databases = await store.databasesOf([...uses]);
  return evidence.map((one) => ({
    ...one,
    database: one.use === undefined ? null : (databases.get(one.use) ?? null),
  }));
}
