/** From who is exempt, as an admin names them, to commitments. A group means its devices at the time of the proposal. */
import { CordonError } from '../../shared/errors.ts';
import { commitmentOf, newSalt } from '../../shared/order/exemption.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { ExemptionRow, FleetPort } from './ports.ts';

/** Who stays exempt keeps salt and commitment, so that a revision that changes nobody's exemption changes nobody's record. */
export async function makeExemptions(
  exempt: readonly ({ readonly device: DeviceId } | { readonly group: GroupId })[],
  kept: readonly ExemptionRow[],
  fleet: Pick<FleetPort, 'personalia' | 'devicesOf'>,
): Promise<ExemptionRow[]> {
  const devices = new Set<DeviceId>();
  for (const each of exempt) {
    if ('group' in each) {
      for (const device of await fleet.devicesOf(each.group)) devices.add(device);
    } else if (await fleet.personalia(each.device)) {
      devices.add(each.device);
    } else {
      throw new CordonError('unknown_device', `There is no device ${each.device}.`, { device: each.device });
    }
  }
  return [...devices].map((device) => {
    const before = kept.find((row) => row.device === device);
    if (before) return before;
    const salt = newSalt();
    return { device, salt, commitment: commitmentOf(salt, device), until: null };
  });
}
