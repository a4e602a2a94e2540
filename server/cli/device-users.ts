/**
 * Names of device users, if the admin may see them. The output shows the name beside the device id, because commands accept only the id.
 */
import { deviceNames, MOST_NAMES } from '../../shared/api/devices.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { Client } from './client.ts';

export async function deviceUsers(
  client: Client,
  devices: readonly (string | null)[],
): Promise<(device: string | null) => string | null> {
  const ids = [...new Set(devices.filter((device) => device !== null))];
  const users = new Map<string, string>();
  try {
    for (let from = 0; from < ids.length; from += MOST_NAMES) {
      const some = ids.slice(from, from + MOST_NAMES).join(',');
      const { devices: named } = await client.call(deviceNames, 'GET', `/device-names?ids=${some}`);
      for (const [id, { user }] of Object.entries(named)) users.set(id, user);
    }
  } catch (error) {
    if (!isCordonError(error, 'forbidden')) throw error;
  }
  return (device) => (device === null ? null : (users.get(device) ?? null));
}
