/**
 * From who is exempt, as an admin names them, to commitments; and back to who decided each of them. A group means its devices at the time of the
 * proposal.
 */
import { CordonError } from '../../shared/errors.ts';
import { MOST_EXEMPT, type OrderTerms } from '../../shared/order/documents.ts';
import { commitmentOf, newSalt } from '../../shared/order/exemption.ts';
import { type DeviceId, deviceIdSchema, groupIdSchema, type PersonId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Objections } from './objections.ts';
import type { ExemptionRow, FleetPort, RevisionRow } from './ports.ts';
import { readTime } from './terms.ts';
import { readPayload } from './views.ts';

/** Ids and times as they were written. `until`: none for one that lasts as long as the order. `reason`: for us alone. */
export type ExemptDraft = readonly (({ readonly device: string } | { readonly group: string }) & {
  readonly until?: string | null | undefined;
  readonly reason?: string | undefined;
})[];

type Said = Pick<ExemptionRow, 'until' | 'reason'>;

/**
 * Whoever was exempt before keeps salt and commitment, so that a revision that changes nothing for a device does not change its record. What is said
 * of a device itself goes before what is said of its group, and what is said last before what was said first.
 */
export async function makeExemptions(
  exempt: ExemptDraft,
  kept: readonly ExemptionRow[],
  fleet: Pick<FleetPort, 'personalia' | 'devicesOf'>,
  {
    terms,
    now,
    objections,
  }: { readonly terms: OrderTerms | null; readonly now: Instant; readonly objections: Objections },
): Promise<ExemptionRow[]> {
  const named = { group: new Map<DeviceId, Said>(), device: new Map<DeviceId, Said>() };
  // Looked up together, and told in the order in which they were written.
  const lookups = exempt.map((each) => devicesOf(each, fleet));
  await Promise.allSettled(lookups);
  for (const [index, lookup] of lookups.entries()) {
    const each = exempt[index];
    if (!each) continue;
    const until = objections.try(`exempt.${index}`, () => endOf(each.until, terms, now)) ?? null;
    const said = { until, reason: each.reason?.trim() || null };
    for (const device of (await objections.wait(`exempt.${index}`, () => lookup)) ?? []) {
      named['device' in each ? 'device' : 'group'].set(device, said);
    }
  }
  const all = new Map([...named.group, ...named.device]);
  if (all.size > MOST_EXEMPT) {
    const detail = `These are ${all.size} devices, and one order exempts ${MOST_EXEMPT} at most: exempt fewer, or name areas that leave them out.`;
    objections.add('exempt', 'invalid_input', detail, { devices: all.size });
    return [];
  }
  const before = new Map(kept.map((row) => [row.device, row]));
  return [...all].map(([device, said]) => ({
    ...(before.get(device) ?? newExemption(device)),
    ...said,
  }));
}

/** `terms`: null while something stands against them; what a local time means is not known then. */
function endOf(written: string | null | undefined, terms: OrderTerms | null, now: Instant): Instant | null {
  if (written == null || terms === null) return null;
  if (written === '') throw new CordonError('invalid_input', 'Say until when the exemption lasts, or leave that out.');
  const until = readTime(written, terms.zone);
  const from = Math.max(now, Date.parse(terms.effective));
  if (until > from) return until;
  const why = from === now ? 'which has passed' : 'before the order takes effect';
  throw new CordonError(
    'invalid_input',
    `The exemption would run out at ${new Date(until).toISOString()}, ${why}: nobody would be exempt by it.`,
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
  // Not taken as it is: approvers would sign an exemption that is nobody's.
  throw new CordonError(
    'invalid_input',
    `There is no group ${exempt.group} that has devices: nobody would be exempt.`,
    {
      group: exempt.group,
    },
  );
}

function newExemption(device: DeviceId): Pick<ExemptionRow, 'device' | 'salt' | 'commitment'> {
  const salt = newSalt();
  return { device, salt, commitment: commitmentOf(salt, device) };
}

/** By whose word a device is exempt. */
export interface DecidedExemption extends Pick<ExemptionRow, 'device' | 'until' | 'reason'> {
  /** The revision that first said so, without one between that did not. */
  readonly decidedIn: number;
  readonly askedBy: PersonId;
  /** Whoever signed that revision; nobody while it waits. */
  readonly approvedBy: readonly PersonId[];
}

/** `rows`: all of the order, oldest first. `exemptions`: those of `revision`. Pure. */
export function decidedExemptions(
  rows: readonly RevisionRow[],
  revision: number,
  exemptions: readonly ExemptionRow[],
): DecidedExemption[] {
  // What was never adopted decided nothing: a later revision grew out of the one before it.
  const line = rows
    .filter((row) => row.revision === revision || (row.revision < revision && row.state === 'adopted'))
    .map((row) => ({ row, exempt: new Set(readPayload(row.payload).exempt.map(keyOf)) }))
    .reverse();
  return exemptions.map(({ device, commitment, until, reason }) => {
    const key = keyOf({ commitment, until: until === null ? null : new Date(until).toISOString() });
    const unsaid = line.findIndex(({ exempt }) => !exempt.has(key));
    const first = line.at(unsaid === -1 ? -1 : unsaid - 1)?.row;
    if (!first) throw new Error(`revision ${revision} does not hold an exemption that is kept with it`);
    return {
      ...{ device, until, reason, decidedIn: first.revision, askedBy: first.proposer },
      approvedBy: [...new Set(first.approvals.map(({ person }) => person))],
    };
  });
}

const keyOf = ({ commitment, until }: { readonly commitment: string; readonly until: string | null }): string =>
  `${commitment} ${until}`;
