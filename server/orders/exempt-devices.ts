/** From who is exempt, as an admin names them, to commitments. A group means its devices at the time of the proposal. */
import { CordonError } from '../../shared/errors.ts';
import { commitmentOf, newSalt } from '../../shared/order/exemption.ts';
import { type DeviceId, deviceIdSchema, groupIdSchema } from '../../shared/protocol/ids.ts';
import type { Objections } from './objections.ts';
import type { ExemptionRow, FleetPort } from './ports.ts';

/** Ids as they were written. */
export type ExemptDraft = readonly ({ readonly device: string } | { readonly group: string })[];

/** Who stays exempt keeps salt and commitment, so that a revision that changes nobody's exemption changes nobody's record. */
export async function makeExemptions(
  exempt: ExemptDraft,
  kept: readonly ExemptionRow[],
  fleet: Pick<FleetPort, 'personalia' | 'devicesOf'>,
  objections: Objections,
): Promise<ExemptionRow[]> {
  const devices = new Set<DeviceId>();
  // Looked up together, and told in the order in which they were written.
  const lookups = exempt.map((each) => devicesOf(each, fleet));
  await Promise.allSettled(lookups);
  for (const [index, lookup] of lookups.entries()) {
    for (const device of (await objections.wait(`exempt.${index}`, () => lookup)) ?? []) devices.add(device);
  }
  const before = new Map(kept.map((row) => [row.device, row]));
  return [...devices].map((device) => before.get(device) ?? newExemption(device));
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

function newExemption(device: DeviceId): ExemptionRow {
  const salt = newSalt();
  return { device, salt, commitment: commitmentOf(salt, device), until: null };
}
