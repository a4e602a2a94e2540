/** Idle state of a fleet, as visible from outside. */
import type { z } from 'zod';
import { type DeviceView, devicePage } from '../../shared/api/devices.ts';
import { healthView } from '../../shared/api/health.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Caller } from '../support/people.ts';
import type { Fleet } from './fleet.ts';
import type { DeviceState } from './simulated-fleet.ts';

export const healthOf = (api: Caller): Promise<z.infer<typeof healthView>> => api.call('GET', '/health', healthView);

/** Online devices that are not idle yet, with the reasons. */
export async function restless(fleets: readonly Fleet[], api: Caller, now: Instant): Promise<string[]> {
  const { list } = await healthOf(api);
  if (!list || list.expiresAt <= now) return ['the server, whose list has expired'];
  const known = await knownDevices(api);
  const found = fleets.map(async (fleet) => {
    const states = await fleet.states();
    return states.flatMap((state) => {
      const why = unrest(state, known.get(state.device), list.version, now);
      return why === null ? [] : [`${state.device} (${fleet.label} ${state.index + 1}): ${why}`];
    });
  });
  return (await Promise.all(found)).flat();
}

async function knownDevices(api: Caller): Promise<Map<string, DeviceView>> {
  const known = new Map<string, DeviceView>();
  let cursor: string | null = null;
  do {
    const query = `?sort=id&limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: z.infer<typeof devicePage> = await api.call('GET', `/devices${query}`, devicePage);
    for (const device of page.devices) known.set(device.id, device);
    cursor = page.cursor;
  } while (cursor !== null);
  return known;
}

/** Reason why an online device is not idle; null if it is. */
function unrest(state: DeviceState, known: DeviceView | undefined, list: number, now: Instant): string | null {
  // Enrollment of the device has ended, so the device receives nothing more.
  if (state.connection === 'revoked') return null;
  if (state.list !== list) return `it holds list ${state.list}, the newest is ${list}`;
  // `management` is denied: the device polls, and the server hears from it only by plain HTTPS.
  if (state.connection === 'refused') return null;
  if (state.connection !== 'connected') return `it is ${state.connection}: ${state.detail ?? 'no reason given'}`;
  if (state.now !== now)
    return `its time is ${new Date(state.now).toISOString()}, the server's ${new Date(now).toISOString()}`;
  if (state.unsent > 0) return `${state.unsent} reports wait to be sent`;
  const presence = known?.presence;
  if (!presence?.connected) return 'the server does not see it connected';
  if (presence.listVersion !== list) return `the server knows of list ${presence.listVersion}, the newest is ${list}`;
  if (presence.recordStored !== state.record)
    return `the server knows of record ${presence.recordStored}, it holds ${state.record}`;
  return null;
}
