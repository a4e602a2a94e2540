/**
 * Exemptions of devices. Approvers sign only commitments to the exemptions. The exemption of a group covers the devices that are in the
 * group when the proposal is made.
 */
import { CordonError } from '../../../shared/errors.ts';
import { MOST_EXEMPT, type OrderTerms } from '../../../shared/order/documents.ts';
import { commitmentOf, newSalt } from '../../../shared/order/exemption.ts';
import { type DeviceId, deviceIdSchema, groupIdSchema, type PersonId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import type { ExemptionRow, FleetPort, RevisionRow } from '../ports.ts';
import type { Objections } from './objections.ts';
import { readTime } from './terms.ts';

/**
 * Exemptions of devices from an order, as an admin entered them, not yet parsed. Without `until`, an exemption lasts as long as the order.
 * The server never publishes `reason`.
 */
export type ExemptDraft = readonly (({ readonly device: string } | { readonly group: string }) & {
  readonly until?: string | null | undefined;
  readonly reason?: string | undefined;
})[];

type ExemptionTerms = Pick<ExemptionRow, 'until' | 'reason'>;

/**
 * Creates the commitments to a revision's exemptions.
 * - A device that was already exempt keeps its salt and commitment, so that its device record does not change.
 * - An exemption of a device overrides an exemption of the device's group. Among exemptions of the same kind, the last one applies.
 */
export async function makeExemptions(
  exempt: ExemptDraft,
  previous: readonly ExemptionRow[],
  fleet: Pick<FleetPort, 'personalia' | 'devicesOf'>,
  {
    terms,
    now,
    objections,
  }: { readonly terms: OrderTerms | null; readonly now: Instant; readonly objections: Objections },
): Promise<ExemptionRow[]> {
  const exemptions = { group: new Map<DeviceId, ExemptionTerms>(), device: new Map<DeviceId, ExemptionTerms>() };
  // Start all lookups in parallel, but await them in the sequence of the entries, so that objections have the same sequence.
  const lookups = exempt.map((each) => devicesOf(each, fleet));
  await Promise.allSettled(lookups);
  for (const [index, lookup] of lookups.entries()) {
    const each = exempt[index];
    if (!each) continue;
    const until = objections.try(`exempt.${index}`, () => endOf(each.until, terms, now)) ?? null;
    const details = { until, reason: each.reason?.trim() || null };
    for (const device of (await objections.wait(`exempt.${index}`, () => lookup)) ?? []) {
      exemptions['device' in each ? 'device' : 'group'].set(device, details);
    }
  }
  const all = new Map([...exemptions.group, ...exemptions.device]);
  if (all.size > MOST_EXEMPT) {
    const detail = `The draft exempts ${all.size} devices, and an order can exempt ${MOST_EXEMPT} at most. Exempt fewer devices, or name areas that do not contain them.`;
    objections.add('exempt', 'invalid_input', detail, { devices: all.size });
    return [];
  }
  const before = new Map(previous.map((row) => [row.device, row]));
  return [...all].map(([device, details]) => ({
    ...(before.get(device) ?? newExemption(device)),
    ...details,
  }));
}

/** Parses the end of an exemption. `terms` is null if the terms are invalid. The time zone of a local time is then unknown. */
function endOf(written: string | null | undefined, terms: OrderTerms | null, now: Instant): Instant | null {
  if (written == null || terms === null) return null;
  if (written === '') throw new CordonError('invalid_input', 'Enter the end of the exemption, or leave it out.');
  const until = readTime(written, terms.zone);
  const from = Math.max(now, Date.parse(terms.effective));
  if (until > from) return until;
  const why = from === now ? 'which has passed' : 'before the order takes effect';
  throw new CordonError(
    'invalid_input',
    `The exemption would end at ${new Date(until).toISOString()}, ${why}, so it would exempt no device. Enter a later end.`,
    { until },
  );
}

async function devicesOf(
  exempt: ExemptDraft[number],
  fleet: Pick<FleetPort, 'personalia' | 'devicesOf'>,
): Promise<readonly DeviceId[]> {
  if ('device' in exempt) {
    const { success, data: device } = deviceIdSchema.safeParse(exempt.device);
    if (success && (await fleet.personalia(device))) return [device];
    throw new CordonError('unknown_device', `There is no device ${exempt.device}.`, { device: exempt.device });
  }
  const { success, data: group } = groupIdSchema.safeParse(exempt.group);
  const devices = success ? await fleet.devicesOf(group) : [];
  if (devices.length > 0) return devices;
  // Reject an exemption that covers no device, because approvers would sign an exemption without effect.
  throw new CordonError(
    'invalid_input',
    `No group ${exempt.group} with devices exists, so no device would be exempt. Name another group.`,
    {
      group: exempt.group,
    },
  );
}

function newExemption(device: DeviceId): Pick<ExemptionRow, 'device' | 'salt' | 'commitment'> {
  const salt = newSalt();
  return { device, salt, commitment: commitmentOf(salt, device) };
}

export interface DecidedExemption extends Pick<ExemptionRow, 'device' | 'until' | 'reason'> {
  /** Number of the revision that decided the exemption: the first of the uninterrupted series of revisions that contain the exemption. */
  readonly decidedIn: number;
  readonly proposedBy: PersonId;
  readonly approvedBy: readonly PersonId[];
}

/** Finds the revision that decided each exemption. `rows` has all revisions of the order, oldest first. The function is pure. */
export function decidedExemptions(
  rows: readonly RevisionRow[],
  revision: number,
  exemptions: readonly ExemptionRow[],
): DecidedExemption[] {
  // Skip revisions that were never adopted, because only an adopted revision can decide an exemption.
  const line = rows
    .filter((row) => row.revision === revision || (row.revision < revision && row.state === 'adopted'))
    .map((row) => ({ row, exempt: new Set(readPayload(row.payload).exempt.map(keyOf)) }))
    .reverse();
  return exemptions.map(({ device, commitment, until, reason }) => {
    const key = keyOf({ commitment, until: until === null ? null : new Date(until).toISOString() });
    const missing = line.findIndex(({ exempt }) => !exempt.has(key));
    const first = line.at(missing === -1 ? -1 : missing - 1)?.row;
    if (!first) throw new Error(`revision ${revision} lacks an exemption that the store has for it`);
    return {
      device,
      until,
      reason,
      decidedIn: first.revision,
      proposedBy: first.proposer,
      approvedBy: [...new Set(first.approvals.map(({ person }) => person))],
    };
  });
}

const keyOf = ({ commitment, until }: { readonly commitment: string; readonly until: string | null }): string =>
  `${commitment} ${until}`;
